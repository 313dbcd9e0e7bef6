import Chord
import KBR
import SansIO

/// The states that production nodes take in small worlds, each kept once as a node to continue
/// from, and every step from them carried out once.
///
/// No time passes: no timer fires, every time-out is the transport's word that nobody is there.
/// Under that condition a node acts by what `Key` names; round trips, delays, hints for ranges
/// and request numbers do not change its pointers.
struct NodeStateTable {
    /// What decides how a node goes on.
    struct Key: Hashable {
        var position: Int
        var phase: ChordSnapshot.Phase
        var isInStep: Bool
        var successors: [Int]
        var predecessor: Int?
        var candidate: Int?
        var suspects: [Int]
        var peer: Int?
        var isPing: Bool
    }

    struct State {
        var node: ChordNode
        var snapshot: ChordSnapshot
        /// The request whose answer the step in progress, or the joiner, waits for.
        var request: (peer: Int, message: ChordMessage)?
        /// Number of the pointers that the invariant is about; 0 is no member.
        var pointers: UInt32
    }

    enum Event: Hashable {
        case stabilize
        case checkRing(through: Int)
        case notify(from: Int)
        case answer(UInt32)
        /// The peer asked is gone.
        case refused
    }

    struct Outcome {
        /// 0 if a joiner found no place.
        var state: UInt32
        /// Whom it notifies, as a bit set.
        var notifies: UInt8 = 0
    }

    private struct EventKey: Hashable {
        var state: UInt32
        var event: Event
    }

    /// A step carried out and not numbered yet.
    private struct Performance {
        var node: ChordNode
        var request: (peer: Int, message: ChordMessage)?
        var notifies: UInt8 = 0
        /// Whether others were asked at once, so that the outcome depends on them.
        var hasAsked = false
    }

    private struct Pointers: Hashable {
        var position: Int
        var successors: [Int]
        var predecessor: Int?
    }

    let configuration: ChordConfiguration
    let fault: RingFault?
    private(set) var states: [State] = []
    private(set) var messages: [ChordMessage] = []
    private var stateNumbers: [Key: UInt32] = [:]
    private var messageNumbers: [ChordMessage: UInt32] = [:]
    private var pointerNumbers: [Pointers: UInt32] = [:]
    private var outcomes: [EventKey: Outcome] = [:]

    init(fault: RingFault? = nil) {
        var configuration = ChordConfiguration(successorListLength: 2)
        let never = TimeSpan.seconds(1_000_000)
        configuration.stabilizePeriod = never
        configuration.fingerPeriod = never
        configuration.initialTimeout = never
        configuration.minimumTimeout = never
        configuration.maximumTimeout = never
        configuration.suspicionSpan = never
        configuration.ringCheckPeriod = never
        self.configuration = configuration
        self.fault = fault
        // Number 0 stands for nobody and nothing.
        states.append(
            State(
                node: ChordNode(self: SmallWorld.handle(0), configuration: configuration, seed: 0),
                snapshot: ChordNode(
                    self: SmallWorld.handle(0),
                    configuration: configuration,
                    seed: 0
                ).snapshot,
                pointers: 0
            )
        )
        messages.append(.ping(request: 0))
    }

    func fresh(_ position: Int) -> ChordNode {
        ChordNode(
            self: SmallWorld.handle(position),
            configuration: configuration,
            seed: UInt64(position),
            fault: fault
        )
    }

    /// What the node at a position does next; pings and lookups beside its step are answered
    /// at once by the others of the world.
    mutating func outcome(at position: Int, of world: SmallWorld, _ event: Event) -> Outcome {
        let key = EventKey(state: world.nodes[position], event: event)
        if let known = outcomes[key] { return known }
        let state = states[Int(key.state)]
        let keepsRequest: Bool
        let input: ChordInput
        switch event {
        case .stabilize: (input, keepsRequest) = (.stabilize, true)
        case .checkRing(let peer):
            (input, keepsRequest) = (.checkRing(through: SmallWorld.handle(peer)), true)
        case .notify(let from):
            let message = ChordMessage.notify(predecessors: [])
            (input, keepsRequest) = (.message(message, from: SmallWorld.handle(from)), true)
        case .refused:
            let id = SmallWorld.handle(state.request?.peer ?? 0).id
            (input, keepsRequest) = (.peerFailed(id, .refused), false)
        case .answer(let number):
            let reply = messages[Int(number)].renumbered(state.request?.message.number ?? 0)
            let peer = SmallWorld.handle(state.request?.peer ?? 0)
            (input, keepsRequest) = (.message(reply, from: peer), false)
        }
        let performance = perform(
            state.node,
            input,
            waitingFor: keepsRequest ? state.request : nil,
            in: world
        )
        let outcome = number(performance)
        if !performance.hasAsked { outcomes[key] = outcome }
        return outcome
    }

    /// A new node joins: its lookup is answered at once, the query that decides is under way.
    mutating func join(_ position: Int, via contact: Int, in world: SmallWorld) -> Outcome {
        let input = ChordInput.join(contacts: [SmallWorld.handle(contact)])
        return number(perform(fresh(position), input, waitingFor: nil, in: world))
    }

    /// The state of a member of an ideal ring of at least three: it has joined through its
    /// predecessor and stabilized.
    mutating func idealMember(_ position: Int, of ring: [Int]) -> UInt32 {
        let size = SmallWorld.size
        let others = ring.filter { $0 != position }
            .sorted { ($0 - position + size) % size < ($1 - position + size) % size }
            .map(SmallWorld.handle)
        var node = fresh(position)
        var inputs = [ChordInput.join(contacts: others.suffix(1))]
        while !inputs.isEmpty {
            var emit = EffectBuffer<ChordEffect>()
            node.handle(inputs.removeFirst(), at: .zero, emit: &emit)
            for case .send(let message, let peer) in emit.drain() {
                let reply: ChordMessage
                switch message {
                case .lookup(let number, _):
                    let nothing = LookupReply(closer: [], successors: [])
                    reply = .lookupReply(request: number, nothing)
                case .stateQuery(let number):
                    let list = peer == others.last ? others : Array(others.dropFirst())
                    reply = .stateReply(
                        request: number,
                        .formed(predecessor: node.node, successors: Array(list.prefix(2)))
                    )
                default: continue
                }
                inputs.append(.message(reply, from: peer))
            }
        }
        return number(Performance(node: node)).state
    }

    /// What the peer of a request answers, without its number; nil if nobody is there.
    mutating func reply(to position: Int, in world: SmallWorld) -> UInt32? {
        guard let request = states[Int(world.nodes[position])].request,
            let reply = answer(request.message, from: position, at: request.peer, in: world)
        else { return nil }
        let plain = reply.renumbered(0)
        if let known = messageNumbers[plain] { return known }
        messages.append(plain)
        let number = UInt32(messages.count - 1)
        messageNumbers[plain] = number
        return number
    }

    private func answer(
        _ message: ChordMessage,
        from asker: Int,
        at peer: Int,
        in world: SmallWorld
    ) -> ChordMessage? {
        guard world.isUp(peer) else { return nil }
        var node = states[Int(world.nodes[peer])].node
        var emit = EffectBuffer<ChordEffect>()
        node.handle(.message(message, from: SmallWorld.handle(asker)), at: .zero, emit: &emit)
        for case .send(let reply, _) in emit.drain() { return reply }
        return nil
    }

    private func perform(
        _ node: ChordNode,
        _ input: ChordInput,
        waitingFor request: (peer: Int, message: ChordMessage)?,
        in world: SmallWorld
    ) -> Performance {
        var result = Performance(node: node, request: request)
        let own = SmallWorld.position(node.node)
        var inputs = [input]
        while !inputs.isEmpty {
            var emit = EffectBuffer<ChordEffect>()
            result.node.handle(inputs.removeFirst(), at: .zero, emit: &emit)
            let snapshot = result.node.snapshot
            for case .send(let message, let peer) in emit.drain() {
                let to = SmallWorld.position(peer)
                switch message {
                case .notify: result.notifies |= 1 << UInt8(to)
                case .stateQuery: result.request = (to, message)
                case .ping where snapshot.isInStep && snapshot.predecessor?.id == peer.id:
                    result.request = (to, message)
                case .lookup, .ping:
                    result.hasAsked = true
                    let reply = answer(message, from: own, at: to, in: world)
                    inputs.append(
                        reply.map { .message($0, from: peer) } ?? .peerFailed(peer.id, .refused)
                    )
                default: break
                }
            }
        }
        let snapshot = result.node.snapshot
        if !snapshot.isInStep, snapshot.phase != .joining { result.request = nil }
        return result
    }

    private mutating func number(_ performance: Performance) -> Outcome {
        let snapshot = performance.node.snapshot
        if snapshot.phase == .joining, performance.request == nil { return Outcome(state: 0) }
        let state = number(of: performance.node, snapshot, performance.request)
        return Outcome(state: state, notifies: performance.notifies)
    }

    private mutating func number(
        of node: ChordNode,
        _ snapshot: ChordSnapshot,
        _ request: (peer: Int, message: ChordMessage)?
    ) -> UInt32 {
        var isPing = false
        if case .ping = request?.message { isPing = true }
        let position = SmallWorld.position(snapshot.node)
        let pointers = Pointers(
            position: position,
            successors: snapshot.successors.map(SmallWorld.position),
            predecessor: snapshot.predecessor.map(SmallWorld.position)
        )
        let key = Key(
            position: position,
            phase: snapshot.phase,
            isInStep: snapshot.isInStep,
            successors: pointers.successors,
            predecessor: pointers.predecessor,
            candidate: snapshot.candidate.map(SmallWorld.position),
            suspects: snapshot.suspects.map { Int($0.words.0 >> 61) },
            peer: request?.peer,
            isPing: isPing
        )
        if let known = stateNumbers[key] { return known }
        var number: UInt32 = 0
        if snapshot.phase == .formed {
            let next = UInt32(pointerNumbers.count + 1)
            number = pointerNumbers[pointers] ?? next
            pointerNumbers[pointers] = number
        }
        states.append(State(node: node, snapshot: snapshot, request: request, pointers: number))
        let index = UInt32(states.count - 1)
        stateNumbers[key] = index
        return index
    }
}
