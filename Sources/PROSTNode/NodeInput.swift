package import KBR
package import PeerletRuntime
package import Wire

/// Everything that can happen to a node.
package enum NodeInput: Sendable {
    /// Start a ring of one's own.
    case found
    /// Join the ring of which one of these is a member.
    case join([NodeHandle])
    /// A frame on an accepted connection; the transport has proved who sent it.
    case frame(Frame, from: NodeHandle)
    case peerUp(NodeHandle)
    case peerDown(Identifier)
    /// A frame that could not be sent: the peer cannot be reached or does not read.
    case undeliverable(Frame, to: NodeHandle)
    /// The deadline of `nextDeadline` has come.
    case wake
    indirect case execution(ExecutionReport)
    /// The outcome of a `check` effect.
    indirect case checked(CodeCheckReport)
    /// How many bytes a download has brought so far.
    case downloading(PackageDigest, attempt: UInt64, bytes: UInt64)
    /// The outcome of a `download` effect.
    indirect case downloaded(PackageDigest, attempt: UInt64, Result<[UInt8], SourceFailure>)
    /// A store batch is durable, or will never be.
    case committed(batch: UInt64, StoreError?)
    indirect case rows(request: UInt64, Result<RowPage, StoreError>)
    indirect case digest(request: UInt64, Result<RangeDigest, StoreError>)
    indirect case usage(ApplicationID, StoreUsage)
    /// The outcome of `readSnapshot`.
    indirect case snapshot(request: UInt64, InstanceID, Result<StoredSnapshot, StoreError>)
    indirect case client(UInt64, ClientRequest)
    case clientGone(UInt64)
    indirect case policy(NodePolicy)
    case leave
}
