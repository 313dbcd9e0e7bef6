package import KBR
internal import PeerletBytecode
package import PeerletVM
package import SansIO

/// How far a routed message takes its application's code along (`Spec/node.md` §3.2).
package enum HopMode: UInt8, Sendable {
    /// No `forward` upcalls.
    case none = 0
    /// `forward` where the peerlet already runs.
    case resident = 1
    /// Fetch the code at each hop.
    case demand = 2
}

/// A message that an upcall asked to send.
package struct OutgoingMessage: Hashable, Sendable {
    package enum Target: Hashable, Sendable {
        /// To the root of a key, over `hint` as first hop if given.
        case key(Identifier, hint: NodeHandle?)
        case node(NodeHandle)
    }

    package var target: Target
    /// Nil: the sender's own application.
    package var application: ApplicationID?
    package var type: UInt16
    package var hopMode: HopMode
    /// Fuel asked for it; 0 takes an equal share of what the upcall leaves.
    package var budget: UInt64
    package var payload: [UInt8]

    package init(
        target: Target,
        application: ApplicationID? = nil,
        type: UInt16,
        hopMode: HopMode,
        budget: UInt64,
        payload: [UInt8]
    ) {
        self.target = target
        self.application = application
        self.type = type
        self.hopMode = hopMode
        self.budget = budget
        self.payload = payload
    }
}

/// What an upcall asked for; carried out in order after its store batch is durable.
package enum PeerletEffect: Hashable, Sendable {
    case send(OutgoingMessage)
    case request(token: UInt64, OutgoingMessage, timeout: TimeSpan)
    case reply(ReplyHandle, status: Int64, payload: [UInt8], isLast: Bool)
    case setTimer(id: UInt64, delay: TimeSpan, period: TimeSpan?, cookie: Int64)
    case cancelTimer(id: UInt64)
    case watch(NodeHandle, isOn: Bool)
    case clientPush(client: UInt64, type: UInt16, payload: [UInt8])
    case log(level: UInt8, text: [UInt8])
    case count(name: [UInt8], delta: Int64)
    case spawn(ApplicationID?, key: Identifier, argument: [UInt8])
    case exit(code: Int64)
    case checkpoint
}

/// What `forward` decided about a message passing through.
package struct ForwardVerdict: Hashable, Sendable {
    package enum Decision: Int64, Sendable {
        case proceed = 0
        case stop = 1
        /// Proceed without further `forward` upcalls.
        case proceedSilently = 2
    }

    package var decision: Decision = .proceed
    /// Replacements, nil where the message stays as it is.
    package var key: Identifier?
    package var next: NodeHandle?
    package var payload: [UInt8]?
    package var type: UInt16?

    package init() {}
}

/// A bound on what one upcall may use; raw values are names in reports.
package enum ResourceLimit: String, CaseIterable, Sendable {
    case fuel, memory, stack
    case callDepth = "call depth"
    case sends
    case sendBytes = "bytes sent"
    case storeBytes = "store bytes"
    case storeWrites = "store writes"
    case timers, requests, watches
    case logBytes = "log bytes"
    case budget
}

/// A limit that an upcall ran into: what it would have used, and what it may.
package struct LimitReached: Hashable, Sendable {
    package var limit: ResourceLimit
    package var used: UInt64
    package var maximum: UInt64

    package init(_ limit: ResourceLimit, used: UInt64, maximum: UInt64) {
        self.limit = limit
        self.used = used
        self.maximum = maximum
    }
}

extension LimitReached: CustomStringConvertible {
    package var description: String { "\(limit.rawValue): \(used) of \(maximum)" }
}

/// Leases of its node's ranges that an upcall asked for (`Spec/consistency.md` §4.8).
package struct LeaseUse: Hashable, Sendable {
    /// Keys of one upcall.
    static let maximumKeys = 64

    /// Keys that it was told it may answer for; so it may only if that still holds at its end.
    package var used: [Identifier] = []
    /// Upper bounds of the arcs that it asked about.
    package var wanted: Set<Identifier> = []

    package init() {}
}

/// What came of an invocation; the only thing that returns from a lane.
package struct ExecutionReport: Sendable {
    package enum Outcome: Hashable, Sendable {
        case completed(result: Int64)
        /// The peerlet does not export this upcall; nothing ran.
        case notExported
        case trapped(Trap)
        /// Fuel ended; the upcall was undone.
        case exhausted
        /// The host could not run it (store unreadable, memory unavailable); undone.
        case failed(String)
    }

    package var invocation: UInt64
    package var instance: InstanceID
    package var upcall: UInt8
    package var outcome: Outcome = .notExported
    /// Epoch of the ring view it ran under.
    package var epoch: UInt64
    package var fuelSpent: UInt64 = 0
    package var instructions: UInt64 = 0
    /// Measured processor time in the lane.
    package var time: TimeSpan = .zero
    package var batch = StoreBatch()
    /// Growth of the application's charged store bytes by `batch`; negative when it shrinks.
    package var storeGrowth: Int64 = 0
    package var effects: [PeerletEffect] = []
    package var verdict: ForwardVerdict?
    package var leases = LeaseUse()
    /// What `snapshot` wrote, a part for each `life.snap`; nil unless all of it could be written.
    package var snapshot: [[UInt8]]?
    package var memoryPages: UInt32 = 0
    /// Pages copied so that the upcall can be undone; held until it is settled.
    package var undoPages: UInt32 = 0
    /// The first refusal by each limit, in order; the last entry stopped the upcall if it did not
    /// complete because of a limit.
    package var limitsReached: [LimitReached] = []
    /// Where the upcall stood when its fuel ended; a trap has its own.
    package var backtrace: Backtrace?

    package init(invocation: UInt64, instance: InstanceID, upcall: UInt8, epoch: UInt64) {
        self.invocation = invocation
        self.instance = instance
        self.upcall = upcall
        self.epoch = epoch
    }

    init(of invocation: borrowing Invocation) {
        self.invocation = invocation.id
        instance = invocation.instance
        upcall = invocation.event.upcall.rawValue
        epoch = invocation.ring.epoch
    }
}
