package import KBR
package import PeerletBytecode

/// What happened, as an upcall is told of it (`Spec/abi.md` §2: the event block).
package struct UpcallEvent: Hashable, Sendable {
    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt32
        package init(rawValue: UInt32) { self.rawValue = rawValue }

        /// This node originated the message.
        package static let source = Flags(rawValue: 1 << 0)
        /// This node is the root of the key now.
        package static let root = Flags(rawValue: 1 << 1)
        /// Sent to this node directly, not routed.
        package static let direct = Flags(rawValue: 1 << 2)
        /// A reply is expected.
        package static let request = Flags(rawValue: 1 << 3)
        package static let reply = Flags(rawValue: 1 << 4)
        package static let client = Flags(rawValue: 1 << 5)
        /// From another application.
        package static let foreign = Flags(rawValue: 1 << 6)
        /// The root is not certain.
        package static let unsure = Flags(rawValue: 1 << 7)
        /// More chunks of this reply follow.
        package static let more = Flags(rawValue: 1 << 8)
        /// The message may have been seen before.
        package static let resent = Flags(rawValue: 1 << 9)
    }

    package var upcall: Upcall
    package var flags: Flags = []
    package var token: UInt64 = 0
    package var type: UInt16 = 0
    package var hops: UInt16 = 0
    package var key: Identifier = .zero
    package var origin: NodeHandle?
    package var previous: NodeHandle?
    package var next: NodeHandle?
    package var sourceApplication: ApplicationID?
    /// Who asked: hash of the client's or sender's key.
    package var principal: Identifier = .zero
    package var messageID: [UInt8] = []
    package var replyHandle: ReplyHandle?
    package var client: UInt64 = 0
    /// The method a client named: served by the export `client_NAME`, else by `client`.
    package var method: String?
    /// Reply status; or the reason, cookie or kind of upcalls that carry one.
    package var status: Int64 = 0
    /// Timer identifier.
    package var timer: UInt64 = 0
    /// The arcs of `update`, `snapshot` and `restore`.
    package var oldRange: RingInterval?
    package var newRange: RingInterval?
    package var payload: [UInt8] = []

    package init(_ upcall: Upcall) { self.upcall = upcall }
}

/// Why `init` is called.
package enum InitReason: Int64, Sendable {
    case fresh = 0
    case restored = 1
    case migrated = 2
    case upgraded = 3
}

/// Why `snapshot` is called, and what for `restore` was written.
package enum SnapshotReason: Int64, Sendable {
    case handOff = 0
    case checkpoint = 1
    case migrate = 2
}

/// Why `stop` is called.
package enum StopReason: Int64, Sendable {
    case exit = 0
    case upgrade = 1
    case shutdown = 2
    case evicted = 3
}

/// What `update` reports.
package enum UpdateKind: Int64, Sendable {
    case joined = 0
    case left = 1
    case watchDead = 2
    case range = 3
}
