package import KBR
internal import PROSTNode
package import SansIO
internal import Wire

/// Lookups of uniform keys from uniform live machines, at a mean rate for the whole network: what
/// OverSim calls KBRTestApp.
package final class LookupWorkload {
    private struct Pending {
        var key: Identifier
        var start: Instant
        var origin: Int32
        /// The key's root when the lookup began, -1 if unknown.
        var root: Int32
    }

    /// Mean time between two lookups of one machine.
    private let interval: TimeSpan
    /// Most lookups in all; nil for no limit.
    private let limit: UInt64?
    private unowned let simulation: Simulation
    private var random: DeterministicRandom
    private var pending: [UInt64: Pending] = [:]
    private var isStopped = false
    package private(set) var results = LookupResults()
    /// Machines that look up.
    package var live: [Int] = []
    /// The number of the machine that is a key's root now, for judging answers.
    package var root: ((Identifier) -> Int?)?
    /// Whether an answer of this machine counts now, beside that of the root.
    package var isReplica: ((_ machine: Int, Identifier) -> Bool)?

    private static let client = Simulation.observedClients

    package init(interval: TimeSpan, limit: UInt64?, on simulation: Simulation) {
        self.interval = interval
        self.limit = limit
        self.simulation = simulation
        random = simulation.stream("workload.lookups")
        simulation.clientObserver = { [weak self] _, client, frame in
            if client == Self.client { self?.answered(frame) }
        }
    }

    /// Lookups are made from now on.
    package func start() { scheduleNext() }

    /// No more lookups; answers still count.
    package func stop() { isStopped = true }

    /// Forgets what was measured so far, and lookups under way with it.
    package func reset() {
        results = LookupResults()
        pending.removeAll(keepingCapacity: true)
    }

    /// Lookups whose answer has not come.
    package var open: Int { pending.count }

    private func scheduleNext() {
        guard !isStopped, limit.map({ results.started < $0 }) ?? true else { return }
        let mean = interval.scaled(by: 1, over: UInt64(max(live.count, 1)))
        // Time goes on, however many nodes there come to be.
        let wait = max(
            Distribution.exponential(mean: mean).draw(&random),
            TimeSpan(nanoseconds: 1)
        )
        simulation.schedule(at: simulation.now + wait) { [weak self] _ in
            self?.lookUp()
            self?.scheduleNext()
        }
    }

    private func lookUp() {
        guard !isStopped, !live.isEmpty else { return }
        let origin = live[Int(truncatingIfNeeded: random.below(UInt64(live.count)))]
        let key = Identifier(words: (random.next(), random.next(), random.next(), random.next()))
        guard simulation.hosts[origin].isUp else { return }
        results.started += 1
        pending[simulation.nextRequestNumber] = Pending(
            key: key,
            start: simulation.now,
            origin: Int32(truncatingIfNeeded: origin),
            root: Int32(truncatingIfNeeded: root?(key) ?? -1)
        )
        simulation.command(.lookup(key), at: origin, client: Self.client)
    }

    private func answered(_ frame: Frame) {
        guard let answer = LookupAnswer(frame.body),
            let lookup = pending.removeValue(forKey: answer.request)
        else { return }
        guard answer.isDone, let node = answer.node.flatMap(simulation.index(of:)) else {
            results.failed += 1
            return
        }
        let time = simulation.now.since(lookup.start)
        let direct = simulation.settings.latency.roundTrip(Int(lookup.origin), node)
        results.add(hops: answer.hops, time: time, direct: node == lookup.origin ? nil : direct)
        if let root, node != Int(lookup.root), root(lookup.key) != node,
            isReplica?(node, lookup.key) != true
        {
            results.wrong += 1
        }
    }
}

/// What matters of the answer to a lookup.
private struct LookupAnswer {
    var request: UInt64
    var isDone: Bool
    var node: Identifier?
    var hops = 0

    init?(_ body: [UInt8]) {
        guard let response = try? ClientResponse(wireBytes: body, "response") else { return nil }
        request = response.number
        isDone = response.status == .done
        if case .text(let text)? = response.document["node"] {
            node = Identifier(hexadecimal: text)
        }
        if case .integer(let count)? = response.document["hops"] { hops = Int(clamping: count) }
    }
}
