internal import KBR
internal import PeerletRuntime
internal import SansIO

/// The core's side of one instance: its mailbox, what it holds and what it has used; never its
/// machine, which the lanes own (`Spec/node.md` §4).
struct InstanceRecord: Sendable {
    enum State: Hashable, Sendable {
        /// Its snapshot is to be read, or is being read by the request with this number.
        case loading(UInt64?)
        /// So many upcalls of its beginning, `init` and `restore`, are not concluded.
        case starting(left: Int)
        case ready
        /// Its last upcalls are being made.
        case stopping(StopReason)
        /// Ended by itself, by faults or by its owner.
        case stopped
    }

    struct Running: Sendable {
        var invocation: UInt64
        var entry: MailboxEntry
        /// Fuel lent to the upcall: of the entry's budget, the rest of which waits in the entry, or
        /// of the instance's rate.
        var lease: UInt64
        /// The configured ranges that the upcall sees.
        var configured: [ConfiguredRange]

        /// What it holds of a message's fuel.
        var heldFuel: UInt64 { entry.budget.map { $0 &+ lease } ?? 0 }

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
    var state = State.loading(nil)
    /// Why it begins, as `init` is told.
    var beginning = InitReason.fresh
    /// Why it ends or has ended, for its owner.
    var stopCause: String?
    /// The upcalls of its beginning or its end, which do not wait in the mailbox.
    var lifecycle = Mailbox()
    /// What it runs under while it ends: its node may host a newer version, or none any more.
    var retiring: HostedApplication?
    /// Its snapshot on the disk, with what is on its way there.
    var snapshot = SnapshotExtent()
    var mailbox = Mailbox()
    var running: Running?
    var output = OutputQueue()
    /// It ended itself, or was idle: the next message starts it again.
    var mayBeginAgain = false
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
        state = .stopped
        stopCause = reason
        lifecycle = Mailbox()
        retiring = nil
        snapshot = SnapshotExtent()
        mailbox = Mailbox()
        running = nil
        output = OutputQueue()
        timers = [:]
        watched = []
        needsFreshMachine = true
    }

    /// The same instance before its first upcall.
    mutating func beginAnew(_ reason: InitReason) {
        state = .loading(nil)
        beginning = reason
        stopCause = nil
        lifecycle = Mailbox()
        retiring = nil
        needsFreshMachine = true
        mayBeginAgain = false
    }

    var isStopping: Bool {
        if case .stopping = state { true } else { false }
    }

    /// Puts an upcall that is to be made later, or again, before the others of its kind.
    mutating func putBack(_ entry: MailboxEntry) {
        if entry.purpose.isLifecycle || isStopping && entry.purpose == .snapshot {
            lifecycle.prepend(entry)
        } else {
            mailbox.prepend(entry)
        }
    }

    /// The next upcall, by where the instance is in its life; nil if it has to wait.
    mutating func popNext() -> MailboxEntry? {
        switch state {
        case .loading, .stopped: nil
        case .starting: lifecycle.popFirst()
        case .ready: mailbox.popFirst()
        // A node that leaves answers what it has accepted.
        case .stopping(.shutdown): mailbox.popFirst() ?? lifecycle.popFirst()
        case .stopping: lifecycle.popFirst()
        }
    }

    /// Fuel held by waiting and running upcalls and by outputs.
    var heldFuel: UInt64 {
        mailbox.heldFuel &+ output.heldFuel
            &+ (running?.heldFuel ?? 0)
    }
}

extension InstanceRecord.State: CustomStringConvertible {
    var description: String {
        switch self {
        case .loading, .starting: "starting"
        case .ready: "ready"
        case .stopping: "stopping"
        case .stopped: "stopped"
        }
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
