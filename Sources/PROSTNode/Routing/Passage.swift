internal import KBR
internal import SansIO

/// One message at this node, from its acceptance until it is the next hop's or delivered.
struct Passage: Sendable {
    enum Stage: Hashable, Sendable {
        case arriving
        /// The code is being fetched for `forward` or `deliver`.
        case awaitingCode(Step)
        /// Queued for, or in, an upcall.
        case awaitingUpcall(Step)
        /// The arc of a consistent store is not served here yet.
        case awaitingRange
        /// No next hop is known at the moment.
        case awaitingRoute
        case awaitingAcknowledgement(NodeHandle)
    }

    enum Step: Hashable, Sendable {
        case forward
        case deliver
    }

    var message: RoutedMessage
    /// The hop it came from; nil at its source.
    let previous: NodeHandle?
    let arrived: Instant
    let deadline: Instant
    var stage: Stage = .arriving
    /// Next hops that did not answer.
    var avoided: [Identifier] = []
    /// Fuel kept back to pay for a reroute, so that it mints none.
    var reserve: UInt64 = 0
    var sentAt: Instant
    /// Next hops that were tried and did not acknowledge.
    var tries: UInt8 = 0
    /// Times a busy next hop was asked again.
    var busyRetries: UInt8 = 0
    /// The last attempt was answered BUSY: the same hop is asked again.
    var isBusy = false
    /// This node refused it; the next hop is to act as its root.
    var isDelegated = false
    /// First hop chosen by the sender or by `forward`.
    var hint: NodeHandle?
    /// The local instance to tell when it cannot be delivered.
    var sender: SenderReference?

    init(
        message: RoutedMessage,
        previous: NodeHandle?,
        arrived: Instant,
        hint: NodeHandle? = nil,
        sender: SenderReference? = nil
    ) {
        self.message = message
        self.previous = previous
        self.arrived = arrived
        self.hint = hint
        self.sender = sender
        deadline = arrived + .milliseconds(UInt64(message.remaining))
        sentAt = arrived
    }

    /// Takes a new attempt, so that no hop takes it for one that it has seen; wraps around.
    mutating func renewAttempt() {
        message.attempt = message.attempt & 0xF0 | (message.attempt &+ 1) & 0x0F
    }

    var holder: RoomHolder { message.holder(from: previous) }

    /// What the header says of the time left, after the time the message was held here.
    func remaining(at now: Instant) -> UInt32 {
        UInt32(clamping: deadline.since(now).milliseconds)
    }
}

/// Names one attempt at one message, as acknowledgements and the duplicate table do.
struct HopKey: Hashable, Sendable {
    var id: MessageID
    var attempt: UInt8
}

/// Passages under way, bounded, found by number or by what the next hop acknowledges.
struct PassageTable: Sendable {
    private var passages: [UInt64: Passage] = [:]
    private var byHop: [HopKey: UInt64] = [:]
    private var shares = RoomShares()
    private var nextNumber: UInt64 = 0
    private let capacity: Int

    init(capacity: Int) { self.capacity = capacity }

    var count: Int { passages.count }

    func isFull(for holder: RoomHolder) -> Bool {
        !shares.admit(holder, free: capacity - passages.count)
    }

    subscript(number: UInt64) -> Passage? { passages[number] }

    mutating func add(_ passage: Passage) -> UInt64 {
        nextNumber += 1
        passages[nextNumber] = passage
        shares.take(passage.holder)
        return nextNumber
    }

    mutating func update(_ number: UInt64, _ change: (inout Passage) -> Void) {
        guard var passage = passages[number] else { return }
        let old = HopKey(id: passage.message.id, attempt: passage.message.attempt)
        change(&passage)
        passages[number] = passage
        let new = HopKey(id: passage.message.id, attempt: passage.message.attempt)
        if new != old, byHop[old] == number { byHop[old] = nil }
        if case .awaitingAcknowledgement = passage.stage { byHop[new] = number }
    }

    mutating func remove(_ number: UInt64) -> Passage? {
        guard let passage = passages.removeValue(forKey: number) else { return nil }
        let key = HopKey(id: passage.message.id, attempt: passage.message.attempt)
        if byHop[key] == number { byHop[key] = nil }
        shares.giveBack(passage.holder)
        return passage
    }

    func number(of key: HopKey) -> UInt64? { byHop[key] }

    /// Numbers of the passages that satisfy a condition, oldest first.
    func numbers(where condition: (Passage) -> Bool) -> [UInt64] {
        passages.filter { condition($0.value) }.keys.sorted()
    }

    /// Fuel held in messages and reserves.
    var heldFuel: UInt64 {
        passages.values.reduce(0) { $0 &+ $1.message.budget &+ $1.reserve }
    }
}

extension RoutedMessage {
    /// Whose share of a bounded table it takes: that of the application that sent it.
    func holder(from link: NodeHandle?) -> RoomHolder {
        let sender = sourceApplication ?? application
        return RoomHolder(link: link?.id, application: isForSystem ? nil : sender)
    }
}
