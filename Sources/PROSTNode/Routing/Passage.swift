internal import KBR
internal import PeerletRuntime
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

/// Where a passage is to go.
struct Course: Sendable {
    let destination: Identifier
    let isDirect: Bool
    /// It comes from a node that refused it or gave the root up.
    let standsIn: Bool
    let hint: NodeHandle?
    let avoided: [Identifier]
}

/// A passage's attempt at a next hop.
struct Attempt: Sendable {
    let next: Identifier
    let sentAt: Instant
    let reserve: UInt64
    let busyRetries: UInt8
    /// The nonce of a request that this node sends again.
    let request: UInt64?
}

/// Passages under way, bounded, found by number or by what the next hop acknowledges.
///
/// A number is a place in a list below and a count above, so that numbers grow with time. A few
/// passages are searched one by one; for more there is an index.
struct PassageTable: Sendable {
    private struct Slot: Sendable {
        var number: UInt64
        var passage: Passage

        mutating func apply(_ change: (inout Passage) -> Void) { change(&passage) }
    }

    private var slots: [Slot?] = []
    private var freeSlots: [Int] = []
    private(set) var count = 0
    private var lastSequence: UInt64 = 0
    /// Numbers by what which next hop acknowledges; nil while there are few.
    private var byHop: [SentKey: UInt64]?
    private var shares: RoomShares
    private let capacity: Int

    private static let placeBits: UInt64 = 24
    /// Most passages without an index.
    private static let few = 12

    init(capacity: Int) {
        self.capacity = min(capacity, 1 << Self.placeBits - 1)
        shares = RoomShares(capacity: self.capacity)
    }

    mutating func isFull(for holder: RoomHolder) -> Bool {
        if shares.mustCount(taken: count) {
            shares.count(slots.compactMap { $0?.passage.holder })
        }
        return !shares.admit(holder, taken: count)
    }

    private func place(of number: UInt64) -> Int? {
        let place = Int(truncatingIfNeeded: number & (1 << Self.placeBits - 1))
        guard place < slots.count, slots[place]?.number == number else { return nil }
        return place
    }

    subscript(number: UInt64) -> Passage? { place(of: number).flatMap { slots[$0]?.passage } }

    /// What choosing the next hop needs of a passage, without a copy of all of it.
    func course(of number: UInt64) -> Course? {
        guard let place = place(of: number) else { return nil }
        return slots[place].map { slot in
            Course(
                destination: slot.passage.message.destination,
                isDirect: slot.passage.message.flags.contains(.direct),
                standsIn: slot.passage.message.rank > 0 && slot.passage.previous != nil,
                hint: slot.passage.hint,
                avoided: slot.passage.avoided
            )
        }
    }

    /// What an acknowledgement needs of a passage; nil unless it waits for one.
    func attempt(of number: UInt64) -> Attempt? {
        guard let place = place(of: number),
            case .awaitingAcknowledgement(let next)? = slots[place]?.passage.stage
        else { return nil }
        return slots[place].map { slot in
            Attempt(
                next: next.id,
                sentAt: slot.passage.sentAt,
                reserve: slot.passage.reserve,
                busyRetries: slot.passage.busyRetries,
                request: slot.passage.previous == nil
                    && slot.passage.message.flags.contains(.resent)
                    ? slot.passage.message.replyHandle?.nonce : nil
            )
        }
    }

    mutating func add(_ passage: Passage) -> UInt64 {
        if count >= Self.few, byHop == nil { makeIndex() }
        let place = freeSlots.popLast() ?? slots.count
        lastSequence += 1
        let number = lastSequence << Self.placeBits | UInt64(place)
        if place == slots.count { slots.append(nil) }
        slots[place] = Slot(number: number, passage: passage)
        count += 1
        shares.take(passage.holder)
        return number
    }

    private mutating func makeIndex() {
        var index: [SentKey: UInt64] = [:]
        for case .some(let slot) in slots {
            if let key = slot.passage.sentKey { index[key] = slot.number }
        }
        byHop = index
    }

    mutating func update(_ number: UInt64, _ change: (inout Passage) -> Void) {
        guard let place = place(of: number) else { return }
        let old = byHop == nil ? nil : slots[place]?.passage.sentKey
        slots[place]?.apply(change)
        guard byHop != nil else { return }
        let new = slots[place]?.passage.sentKey
        if let old, new != old, byHop?[old] == number { byHop?[old] = nil }
        if let new { byHop?[new] = number }
    }

    mutating func remove(_ number: UInt64) -> Passage? {
        guard let place = place(of: number), let passage = slots[place].take()?.passage else {
            return nil
        }
        count -= 1
        shares.giveBack(passage.holder, taken: count)
        if count == 0 {
            slots = []
            freeSlots = []
            byHop = nil
            return passage
        }
        freeSlots.append(place)
        if let key = passage.sentKey, byHop?[key] == number { byHop?[key] = nil }
        return passage
    }

    /// The passage whose next hop is `peer` and has this attempt; a message may pass here twice.
    func number(of hop: HopKey, at peer: Identifier) -> UInt64? {
        let key = SentKey(hop: hop, next: peer)
        if let byHop { return byHop[key] }
        for case .some(let slot) in slots where slot.passage.sentKey == key { return slot.number }
        return nil
    }

    /// Numbers of the passages that satisfy a condition, oldest first.
    func numbers(where condition: (Passage) -> Bool) -> [UInt64] {
        slots.compactMap { slot in
            slot.flatMap { condition($0.passage) ? $0.number : nil }
        }.sorted()
    }

    /// Fuel held in messages and reserves.
    var heldFuel: UInt64 {
        slots.reduce(0) { sum, slot in
            guard let passage = slot?.passage else { return sum }
            return sum &+ passage.message.budget &+ passage.reserve
        }
    }
}

/// One attempt on its way to one next hop.
private struct SentKey: Hashable, Sendable {
    var hop: HopKey
    var next: Identifier
}

extension Passage {
    fileprivate var sentKey: SentKey? {
        guard case .awaitingAcknowledgement(let next) = stage else { return nil }
        return SentKey(hop: HopKey(id: message.id, attempt: message.attempt), next: next.id)
    }
}

extension RoutedMessage {
    /// Whose share of a bounded table it takes: that of the application that sent it.
    func holder(from link: NodeHandle?) -> RoomHolder {
        let sender = sourceApplication ?? application
        return RoomHolder(link: link?.id, application: isForSystem ? nil : sender)
    }
}
