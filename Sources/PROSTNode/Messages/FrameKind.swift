/// Kinds of frames on a ring connection once it is accepted (`Spec/wire.md` §6); kinds below 10
/// belong to the transport.
package enum FrameKind: UInt8, Sendable {
    case chord = 10
    case route = 11
    case hopAcknowledgement = 12
    case reply = 13
    case fetch = 14
    case chunk = 15
    case range = 16
    case offer = 17
    case fuelReturn = 18
}
