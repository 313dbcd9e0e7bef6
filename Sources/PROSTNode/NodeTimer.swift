internal import KBR
internal import PeerletRuntime

/// What a node waits for, beside its ring and its loader, which keep timers of their own.
enum NodeTimer: Hashable, Sendable {
    indirect case range(ApplicationID)
    /// Predecessors are to be asked whether they host it.
    indirect case inquiry(ApplicationID)
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
    indirect case instance(InstanceID, timer: UInt64)
    /// An instance paused by its rate may go on.
    indirect case refill(InstanceID)
    /// An instance has had nothing to do for a while.
    indirect case idle(InstanceID)
    /// An instance has not ended in time.
    indirect case ending(InstanceID)
    /// An application's stored bytes are to be asked of the disk again.
    indirect case usage(ApplicationID)
    /// A leaving node has handed over long enough.
    case departure
}
