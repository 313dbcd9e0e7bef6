package import KBR
package import Wire

/// Fuel that a hop kept for a reroute of a request and did not need, on its way back to the
/// request's source (`Spec/wire.md` §9.2).
package struct FuelReturn: Hashable, Sendable {
    package var origin: Identifier
    /// Of the request's reply handle.
    package var nonce: UInt64
    package var timeToLive: UInt8
    package var fuel: UInt64

    package init(
        origin: Identifier,
        nonce: UInt64,
        timeToLive: UInt8 = RoutedMessage.initialTimeToLive,
        fuel: UInt64
    ) {
        self.origin = origin
        self.nonce = nonce
        self.timeToLive = timeToLive
        self.fuel = fuel
    }
}

extension FuelReturn: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        origin = try Identifier(from: &reader)
        nonce = try reader.u64("nonce")
        timeToLive = try reader.u8("time to live")
        fuel = try reader.u64("fuel")
    }

    package func encode(to writer: inout WireWriter) {
        origin.encode(to: &writer)
        writer.u64(nonce)
        writer.u8(timeToLive)
        writer.u64(fuel)
    }
}
