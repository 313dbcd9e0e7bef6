import Chord
import KBR
import SansIO
import Wire

/// Chord nodes in virtual time: an event heap, seeded latencies, crashes and restarts.
///
/// Between two nodes messages stay in order, as on a connection; a crash loses what is in flight.
struct VirtualNetwork {
    enum Event {
        case wake(Int, life: Int)
        case deliver(ChordMessage, from: Int, to: Int, life: Int)
        case refused(Int, peer: Identifier, life: Int)
    }

    struct Host {
        var node: ChordNode
        var isUp = true
        /// Answers lookups with liars only, as if they were the key's neighbourhood.
        var isLiar = false
        /// What it makes of a question for the members after a point.
        var membersReply: (@Sendable (UInt64) -> ChordMessage)?
        var life = 0
        var wakeAt: Instant?
        var log: [ChordEffect] = []
        /// As of its last step.
        var snapshot: ChordSnapshot
        var snapshotVersion: UInt64 = 0

        init(node: ChordNode) {
            self.node = node
            snapshot = node.snapshot
        }
    }

    private struct Scheduled {
        var at: Instant
        var sequence: UInt64
        var event: Event
    }

    private(set) var now = Instant.zero
    var hosts: [Host] = []
    var configuration: ChordConfiguration
    /// What liars make of a lookup.
    var lies = Lie.accomplices
    /// A bug that all nodes have.
    var fault: RingFault?
    /// Whether a message to a dead node comes back as a refusal, as from a dead process.
    var refusesConnections = true
    /// Mean one-way latency.
    var latency = TimeSpan.milliseconds(5)
    /// Mean one-way latency between hosts whose indices differ by no multiple of `regions`.
    var distantLatency = TimeSpan.milliseconds(80)
    var regions = 1
    /// Of 1000 messages, how many vanish.
    var lossPerMille: UInt64 = 0
    /// Pairs of hosts that cannot reach each other: those with different values.
    var side: [Int: Int] = [:]
    /// Whether messages towards a lower side get through nevertheless.
    var isCutOneWay = false
    /// Checks the ring after every event, if it is to be watched.
    var monitor: RingMonitor?
    private(set) var messages = 0
    private(set) var events: UInt64 = 0
    private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    private var heap: [Scheduled] = []
    private var sequence: UInt64 = 0
    private var lastArrival: [Int: Instant] = [:]
    private var indexByID: [Identifier: Int] = [:]
    private var random: DeterministicRandom

    init(seed: UInt64, configuration: ChordConfiguration = ChordConfiguration()) {
        random = DeterministicRandom(seed: seed)
        self.configuration = configuration
    }

    // MARK: Hosts

    mutating func handle(_ identifier: Identifier? = nil) -> NodeHandle {
        let id =
            identifier
            ?? Identifier(words: (random.next(), random.next(), random.next(), random.next()))
        return NodeHandle(id: id, endpoint: Endpoint(10, 0, 0, 1, port: 4000))
    }

    @discardableResult
    mutating func add(_ input: ChordInput, id: Identifier? = nil) -> Int {
        let own = handle(id)
        let node = ChordNode(
            self: own,
            configuration: configuration,
            seed: random.next(),
            fault: fault
        )
        hosts.append(Host(node: node))
        indexByID[own.id] = hosts.count - 1
        give(input, to: hosts.count - 1)
        return hosts.count - 1
    }

    mutating func crash(_ index: Int) {
        hosts[index].isUp = false
        hosts[index].life += 1
        let id = contact(index).id
        monitor?.failed(id)
    }

    mutating func restart(_ index: Int, _ inputs: [ChordInput]) {
        let old = hosts[index].node.node
        hosts[index].isUp = true
        hosts[index].life += 1
        hosts[index].wakeAt = nil
        hosts[index].log = []
        hosts[index].node = ChordNode(
            self: old,
            configuration: configuration,
            seed: random.next(),
            fault: fault
        )
        hosts[index].snapshot = hosts[index].node.snapshot
        hosts[index].snapshotVersion = 0
        for input in inputs { give(input, to: index) }
    }

    func contact(_ index: Int) -> NodeHandle { hosts[index].node.node }

    var snapshots: [ChordSnapshot] { hosts.filter(\.isUp).map(\.snapshot) }

    // MARK: Time

    mutating func give(_ input: ChordInput, to index: Int) {
        var emit = EffectBuffer<ChordEffect>()
        hosts[index].node.handle(input, at: now, emit: &emit)
        if hosts[index].node.pointerVersion != hosts[index].snapshotVersion {
            hosts[index].snapshotVersion = hosts[index].node.pointerVersion
            hosts[index].snapshot = hosts[index].node.snapshot
        }
        let stepped = hosts[index].node
        monitor?.stepped(stepped)
        for effect in emit.drain() {
            if case .send(let message, let peer) = effect {
                post(message, from: index, to: peer)
            } else {
                hosts[index].log.append(effect)
            }
        }
        guard let deadline = hosts[index].node.nextDeadline() else { return }
        if let known = hosts[index].wakeAt, known <= deadline { return }
        hosts[index].wakeAt = deadline
        schedule(.wake(index, life: hosts[index].life), at: max(deadline, now))
    }

    private mutating func post(_ message: ChordMessage, from: Int, to peer: NodeHandle) {
        messages += 1
        for byte in message.wireBytes { digest = (digest ^ UInt64(byte)) &* 0x0100_0000_01B3 }
        guard let to = indexByID[peer.id] else { return }
        let (here, there) = (side[from, default: 0], side[to, default: 0])
        let isCut = isCutOneWay ? here < there : here != there
        guard !isCut, random.below(1000) >= lossPerMille else { return }
        let key = from * 100_000 + to
        let arrival = max(
            now + random.jittered((from - to) % regions == 0 ? latency : distantLatency),
            lastArrival[key] ?? .zero
        )
        lastArrival[key] = arrival
        if hosts[to].isUp {
            schedule(.deliver(message, from: from, to: to, life: hosts[to].life), at: arrival)
        } else if refusesConnections {
            schedule(.refused(from, peer: peer.id, life: hosts[from].life), at: arrival)
        }
    }

    private mutating func schedule(_ event: Event, at instant: Instant) {
        sequence += 1
        var child = heap.count
        heap.append(Scheduled(at: instant, sequence: sequence, event: event))
        while child > 0, precedes(heap[child], heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private func precedes(_ left: Scheduled, _ right: Scheduled) -> Bool {
        (left.at, left.sequence) < (right.at, right.sequence)
    }

    private mutating func next() -> Scheduled? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && precedes(heap[child], heap[least]) {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    /// Runs all events of the next span, looking at the network after each.
    mutating func run(
        for span: TimeSpan,
        after check: (inout VirtualNetwork) -> Void = { _ in }
    ) {
        let end = now + span
        while let first = heap.first, first.at <= end, let scheduled = next() {
            now = scheduled.at
            carryOut(scheduled.event)
            events += 1
            monitor?.check(event: events, at: now)
            check(&self)
        }
        now = end
    }

    /// Runs until the condition holds, at most for a span; false if it never did.
    mutating func run(
        atMost span: TimeSpan,
        until isDone: (VirtualNetwork) -> Bool
    ) -> Bool {
        let end = now + span
        while now < end {
            if isDone(self) { return true }
            run(for: .milliseconds(50))
        }
        return isDone(self)
    }

    private mutating func carryOut(_ event: Event) {
        switch event {
        case .wake(let index, let life):
            guard hosts[index].isUp, hosts[index].life == life else { return }
            hosts[index].wakeAt = nil
            give(.wake, to: index)
        case .deliver(let message, let from, let to, let life):
            guard hosts[to].isUp, hosts[to].life == life else { return }
            if hosts[to].isLiar, case .lookup(let request, let target) = message {
                let lie = ChordMessage.lookupReply(request: request, lie(of: to, about: target))
                return post(lie, from: to, to: contact(from))
            }
            if case .membersQuery(let request, _) = message, let reply = hosts[to].membersReply {
                return post(reply(request), from: to, to: contact(from))
            }
            give(.message(message, from: hosts[from].node.node), to: to)
        case .refused(let index, let peer, let life):
            guard hosts[index].isUp, hosts[index].life == life else { return }
            give(.peerFailed(peer, .refused), to: index)
        }
    }
}
