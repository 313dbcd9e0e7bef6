package import Chord
internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
package import SansIO

// The ring below: Chord's inputs and effects, and what its changes mean for applications.
extension Node {
    mutating func chordInput(_ input: ChordInput) {
        var buffer = EffectBuffer<ChordEffect>()
        chord.handle(input, at: now.instant, emit: &buffer)
        for effect in buffer.drain() { carryOut(effect) }
        guard !watchers.isEmpty else { return }
        for id in chord.suspectedPeers { watchedNodeIsGone(id) }
    }

    /// Makes the node a member of a ring that is ideal already, instead of `.join`: for simulations
    /// that begin with many nodes.
    package mutating func take(
        _ place: RingPlace,
        at now: Now,
        emit: inout EffectBuffer<NodeEffect>
    ) {
        self.now = now
        var buffer = EffectBuffer<ChordEffect>()
        chord.take(place, at: now.instant, emit: &buffer)
        swap(&effects, &emit)
        for effect in buffer.drain() { carryOut(effect) }
        swap(&effects, &emit)
    }

    private mutating func carryOut(_ effect: ChordEffect) {
        switch effect {
        case .send(let message, let peer):
            if heldRingMessages != nil {
                heldRingMessages?.append((message, peer))
            } else {
                send(.chord, message, to: peer)
            }
        case .neighborhoodChanged(let new): neighborhoodChanged(to: new)
        case .joined: log(.info, "ring.joined", ["id": "\(handle.id)"])
        case .formed(let record): formed(record)
        case .foundReplicas(let nonce, let nodes): foundReplicas(nodes, for: nonce)
        case .left: departed()
        case .joinFailed(let why): log(.warning, "ring.join_failed", ["why": "\(why)"])
        }
    }

    private mutating func neighborhoodChanged(to new: Neighborhood) {
        let old = neighborhood
        neighborhood = new
        ringEpoch += 1
        let near = new.successors + new.predecessors
        effects(.neighbors(near))
        remember(near)
        updateRanges()
        offerApplications(oldPredecessor: old.predecessor)
        let before = Set((old.successors + old.predecessors).map(\.id))
        let after = Set(near.map(\.id))
        for node in near where !before.contains(node.id) {
            announce(.joined, node, old: nil, new: nil)
        }
        for node in old.successors + old.predecessors where !after.contains(node.id) {
            announce(.left, node, old: nil, new: nil)
        }
        if old.range != new.range { announce(.range, handle, old: old.range, new: new.range) }
        for id in before.subtracting(after).sorted() where isAmong(new, id) {
            watchedNodeIsGone(id)
        }
        for number in passages.numbers(where: { $0.stage == .awaitingRoute }) { route(number) }
        // Another node may be the root now.
        for number in passages.numbers(where: { $0.stage == .awaitingRange }) {
            guard let message = passages[number]?.message, message.rank == 0 else { continue }
            let key = message.destination
            if case .forward = chord.nextHop(toward: key, avoiding: { _ in false }) {
                timers.cancel(.rangeWait(number))
                route(number)
            }
        }
    }

    /// Whether a node that is no neighbour any more lies among those that are: it left or died;
    /// one that lies beyond them was only displaced.
    private func isAmong(_ new: Neighborhood, _ id: Identifier) -> Bool {
        if let last = new.successors.last,
            RingInterval(after: handle.id, through: last.id).contains(id)
        {
            return true
        }
        guard let first = new.predecessors.last else { return true }
        return RingInterval(after: first.id, through: handle.id).contains(id)
    }

    /// Tells every instance that exports `update`; overlay applications hear of the ring's range,
    /// consistent ones of their configured ranges (`Spec/node.md` §4.3).
    private mutating func announce(
        _ kind: UpdateKind,
        _ node: NodeHandle,
        old: RingInterval?,
        new: RingInterval?
    ) {
        for id in instances.keys.sorted() {
            if kind == .range, applications[id.application]?.ranges != nil { continue }
            var event = UpcallEvent(.update)
            event.status = kind.rawValue
            event.origin = node
            event.oldRange = old
            event.newRange = new
            postUpdate(event, to: id)
        }
    }

    func ringView(for application: ApplicationID) -> RingView {
        RingView(
            epoch: ringEpoch,
            routing: chord,
            configured: applications[application]?.configured
        )
    }

    mutating func watchedNodeIsGone(_ id: Identifier) {
        guard let watching = watchers.removeValue(forKey: id) else { return }
        for instance in watching.sorted() {
            instances[instance]?.watched.remove(id)
            var event = UpcallEvent(.update)
            event.status = UpdateKind.watchDead.rawValue
            event.origin = NodeHandle(id: id, endpoint: .unknown)
            postUpdate(event, to: instance)
        }
    }
}
