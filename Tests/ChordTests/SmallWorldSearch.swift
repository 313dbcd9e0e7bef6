import Chord
import KBR
import SansIO

/// Breadth-first search of everything that can happen to a small ring, each world seen once.
///
/// With `separatesAnswers` a query, its answer and the commit are steps of their own; else a node
/// reads another's state and commits at once, as in Zave's model.
struct SmallWorldSearch {
    struct Finding {
        var steps: [SmallWorldStep]
        var violations: [RingInvariants.Violation]
    }

    struct Result {
        var worlds = 0
        var steps = 0
        /// How many steps the deepest worlds are away from the beginning.
        var depth = 0
        var failures = 0
        var joins = 0
        var finding: Finding?
    }

    var table: NodeStateTable
    /// Whether nodes also look themselves up from any other.
    var checksRings = false
    private(set) var separatesAnswers: Bool
    /// Most worlds kept before the search gives up.
    var worldLimit = 50_000_000
    private var verdicts: [SIMD8<UInt32>: [RingInvariants.Violation]] = [:]

    init(separatesAnswers: Bool, fault: RingFault? = nil) {
        table = NodeStateTable(fault: fault)
        self.separatesAnswers = separatesAnswers
    }

    /// An ideal ring of at least three.
    mutating func idealRing(_ positions: [Int]) -> SmallWorld {
        var world = SmallWorld()
        for position in positions {
            world.nodes[position] = table.idealMember(position, of: positions)
        }
        return world
    }

    /// All worlds within `depth` steps of the given ones, until one violates the invariant.
    mutating func search(from beginnings: [SmallWorld], depth: Int) -> Result {
        var result = Result()
        var seen = Set<SmallWorld>()
        var frontier: [(world: SmallWorld, history: Int)] = []
        // Where each world came from, for the history of a violation.
        var histories: [(parent: Int, step: SmallWorldStep?)] = []
        for world in beginnings where seen.insert(world).inserted {
            histories.append((-1, nil))
            frontier.append((world, histories.count - 1))
        }
        while !frontier.isEmpty, result.depth < depth {
            result.depth += 1
            let isLast = result.depth == depth
            var next: [(world: SmallWorld, history: Int)] = []
            for (world, history) in frontier {
                for step in possibleSteps(in: world) {
                    guard let new = carryOut(step, in: world), new != world else { continue }
                    result.steps += 1
                    guard seen.insert(new).inserted else { continue }
                    if case .fail = step { result.failures += 1 }
                    if case .join = step { result.joins += 1 }
                    let violations = violations(in: new)
                    if !violations.isEmpty {
                        var steps = [step]
                        var index = history
                        while index >= 0, let earlier = histories[index].step {
                            steps.append(earlier)
                            index = histories[index].parent
                        }
                        result.finding = Finding(steps: steps.reversed(), violations: violations)
                        result.worlds = seen.count
                        return result
                    }
                    guard !isLast else { continue }
                    histories.append((history, step))
                    next.append((new, histories.count - 1))
                }
            }
            frontier = next
            if seen.count > worldLimit { break }
        }
        result.worlds = seen.count
        return result
    }

    mutating func violations(in world: SmallWorld) -> [RingInvariants.Violation] {
        verdict(on: pointers(in: world), world)
    }

    private func pointers(in world: SmallWorld) -> SIMD8<UInt32> {
        var result = SIMD8<UInt32>(repeating: 0)
        for position in 0..<SmallWorld.size {
            result[position] = table.states[Int(world.nodes[position])].pointers
        }
        return result
    }

    private mutating func verdict(
        on pointers: SIMD8<UInt32>,
        _ world: SmallWorld
    ) -> [RingInvariants.Violation] {
        if let known = verdicts[pointers] { return known }
        let snapshots = world.positions.map { table.states[Int(world.nodes[$0])].snapshot }
        let result = RingInvariants(snapshots).violations
        verdicts[pointers] = result
        return result
    }

    /// Pointers of all nodes, as text, in order.
    func snapshots(of world: SmallWorld) -> [String] {
        world.positions.map {
            let snapshot = table.states[Int(world.nodes[$0])].snapshot
            let names = snapshot.successors.map(SmallWorld.position)
            let before = snapshot.predecessor.map(SmallWorld.position) ?? -1
            return "\($0) \(snapshot.phase) \(before) \(names) \(snapshot.isInStep)"
        }
    }

    /// Whether the ring becomes ideal if nothing joins or fails any more and all take turns.
    ///
    /// Without the random waits after BUSY, so each completes its step before the next begins.
    mutating func becomesIdeal(_ world: SmallWorld, rounds: Int) -> Bool {
        let separated = separatesAnswers
        separatesAnswers = false
        defer { separatesAnswers = separated }
        var world = world
        for _ in 0..<rounds {
            for position in world.positions {
                for step in possibleSteps(in: world) where step.isMaintenance(of: position) {
                    world = carryOut(step, in: world) ?? world
                }
            }
            if isIdeal(world) { return true }
        }
        return false
    }

    private func isIdeal(_ world: SmallWorld) -> Bool {
        let snapshots = world.positions.map { table.states[Int(world.nodes[$0])].snapshot }
        let invariants = RingInvariants(snapshots)
        return invariants.isIdeal && invariants.memberCount == snapshots.count
    }

    // MARK: Steps

    func possibleSteps(in world: SmallWorld) -> [SmallWorldStep] {
        var steps: [SmallWorldStep] = []
        for position in 0..<SmallWorld.size {
            guard world.isUp(position) else {
                for contact in world.positions where isFormed(contact, in: world) {
                    steps.append(.join(position, via: contact))
                }
                continue
            }
            let state = table.states[Int(world.nodes[position])]
            if world.answers[position] != 0 {
                steps.append(.answer(position))
            } else if state.request != nil {
                steps.append(.query(position))
            }
            guard state.snapshot.phase == .formed else { continue }
            steps.append(.fail(position))
            if checksRings {
                for peer in world.positions where peer != position {
                    steps.append(.checkRing(position, through: peer))
                }
            }
            if !state.snapshot.isInStep { steps.append(.stabilize(position)) }
        }
        for bit in 0..<64 where world.notifies & (1 << UInt64(bit)) != 0 {
            steps.append(.notify(from: bit / 8, to: bit % 8))
        }
        return steps
    }

    private func isFormed(_ position: Int, in world: SmallWorld) -> Bool {
        table.states[Int(world.nodes[position])].snapshot.phase == .formed
    }

    /// The world after a step, nil if the step is not allowed or comes to nothing.
    mutating func carryOut(_ step: SmallWorldStep, in world: SmallWorld) -> SmallWorld? {
        switch step {
        case .join(let position, let contact):
            let outcome = table.join(position, via: contact, in: world)
            guard outcome.state != 0 else { return nil }
            var new = world
            new.nodes[position] = outcome.state
            guard !separatesAnswers else { return new }
            new = finished(new, position)
            return new.isUp(position) ? new : nil
        case .fail(let position): return failed(position, in: world)
        case .stabilize(let position):
            let new = happened(.stabilize, at: position, in: world)
            // The first half of stabilization is one step, its second half another.
            return separatesAnswers ? new : finished(new, position)
        case .checkRing(let position, let peer):
            return happened(.checkRing(through: peer), at: position, in: world)
        case .query(let position):
            guard separatesAnswers else { return finished(world, position) }
            guard let reply = table.reply(to: position, in: world) else {
                return happened(.refused, at: position, in: world)
            }
            var new = world
            new.answers[position] = reply
            return new
        case .answer(let position):
            var new = world
            new.answers[position] = 0
            return happened(.answer(world.answers[position]), at: position, in: new)
        case .notify(let from, let to):
            var new = world
            new.notifies &= ~(1 << UInt64(8 * from + to))
            guard isFormed(to, in: world) else { return new }
            let wasIdle = table.states[Int(world.nodes[to])].request == nil
            new = happened(.notify(from: from), at: to, in: new)
            return wasIdle && !separatesAnswers ? finished(new, to) : new
        }
    }

    /// The request of a node answered and committed at once.
    private mutating func finished(_ world: SmallWorld, _ position: Int) -> SmallWorld {
        guard table.states[Int(world.nodes[position])].request != nil else { return world }
        let reply = table.reply(to: position, in: world)
        return happened(reply.map { .answer($0) } ?? .refused, at: position, in: world)
    }

    private mutating func happened(
        _ event: NodeStateTable.Event,
        at position: Int,
        in world: SmallWorld
    ) -> SmallWorld {
        let outcome = table.outcome(at: position, of: world, event)
        var new = world
        guard outcome.state != 0 else {
            new.clear(position)
            return new
        }
        new.nodes[position] = outcome.state
        for to in 0..<SmallWorld.size
        where outcome.notifies & (1 << UInt8(to)) != 0 && world.isUp(to) {
            new.notifies |= 1 << UInt64(8 * position + to)
        }
        return new
    }

    /// What the proof allows: everyone else keeps a live entry, and r + 1 principals remain, also
    /// once the answers under way have arrived.
    private mutating func failed(_ position: Int, in world: SmallWorld) -> SmallWorld? {
        var new = world
        new.clear(position)
        guard violations(in: new).isEmpty else { return nil }
        if separatesAnswers {
            var committed = new
            for other in new.positions where new.answers[other] != 0 {
                committed = happened(.answer(new.answers[other]), at: other, in: committed)
            }
            guard violations(in: committed).isEmpty else { return nil }
        }
        return new
    }
}
