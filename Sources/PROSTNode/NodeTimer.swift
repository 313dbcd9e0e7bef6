internal import KBR
internal import PeerletRuntime

/// What a node waits for.
enum NodeTimer: Hashable, Sendable {
    case chord
    case loader
    case range(ApplicationID)
    /// A message's time is up.
    case passage(UInt64)
    /// The next hop has not acknowledged.
    case acknowledgement(UInt64)
    /// `forward` has taken too long.
    case forward(UInt64)
    /// Try again to find a next hop.
    case reroute(UInt64)
    /// A consistent arc has not been served in time.
    case rangeWait(UInt64)
    case requestRetry(UInt64)
    case requestDeadline(UInt64)
    case instance(InstanceID, timer: UInt64)
    /// An instance paused by its rate may go on.
    case refill(InstanceID)
    case tables
    case leave
}
