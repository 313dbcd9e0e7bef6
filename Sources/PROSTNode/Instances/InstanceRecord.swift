internal import KBR
internal import PeerletRuntime
internal import SansIO

/// The core's side of one instance: its mailbox, what it holds and what it has used; never its
/// machine, which the lanes own (`Spec/node.md` §4).
struct InstanceRecord: Sendable {
    enum State: Hashable, Sendable {
        /// `init` has not returned yet.
        case starting
        case ready
        /// Ended by itself, by faults or by its owner.
        case stopped(String)
    }

    struct Running: Sendable {
        var invocation: UInt64
        var entry: MailboxEntry
        /// Fuel lent to the upcall; the rest of the entry's budget waits in the entry.
        var lease: UInt64
        /// The configured ranges that the upcall sees.
        var configured: [ConfiguredRange]

        /// Whether the upcall saw this node serve a key as root: what it then reads and answers
        /// holds only as long as that does.
        func served(_ key: Identifier) -> Bool {
            configured.contains { $0.isServing && $0.arc.contains(key) }
        }
    }

    struct Timer: Hashable, Sendable {
        var cookie: Int64
        var period: TimeSpan?
    }

    let id: InstanceID
    var state: State = .starting
    var mailbox = Mailbox()
    var running: Running?
    var output = OutputQueue()
    /// It ended itself: the next message starts it again.
    var hasExited = false
    /// The next upcall starts from a new machine.
    var needsFreshMachine = true
    var timers: [UInt64: Timer] = [:]
    var nextTimer: UInt64 = 1
    var nextToken: UInt64 = 1
    var watched: Set<Identifier> = []
    var fuel: TokenBucket
    var messages: TokenBucket
    /// When faults happened, within the window.
    var faults: [Instant] = []
    var usage = InstanceUsage()

    init(id: InstanceID, limits: InstanceLimits, at now: Instant) {
        self.id = id
        fuel = TokenBucket(rate: limits[.fuel], burst: limits[.fuelBurst], at: now)
        messages = TokenBucket(rate: limits[.messages], burst: limits[.messages], at: now)
    }

    /// Gives up all but the figures and the rates, which an instance cannot refill by ending.
    mutating func becomeStopped(because reason: String) {
        state = .stopped(reason)
        mailbox = Mailbox()
        running = nil
        output = OutputQueue()
        timers = [:]
        watched = []
        needsFreshMachine = true
    }

    /// The same instance before its first upcall.
    mutating func beginAnew() {
        state = .starting
        needsFreshMachine = true
        hasExited = false
    }

    /// Fuel held by waiting and running upcalls and by outputs.
    var heldFuel: UInt64 {
        mailbox.heldFuel &+ output.heldFuel
            &+ (running.map { ($0.entry.budget ?? 0) &+ $0.lease } ?? 0)
    }
}

/// What an instance has used since it started, for `prost top`.
struct InstanceUsage: Hashable, Sendable {
    var upcalls: UInt64 = 0
    var forwards: UInt64 = 0
    var fuel: UInt64 = 0
    var traps: UInt64 = 0
    var sends: UInt64 = 0
    var memoryPages: UInt32 = 0
    var nanoseconds: UInt64 = 0
    var counters: [String: Int64] = [:]
}
