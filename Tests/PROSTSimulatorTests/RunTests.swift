import Chord
import Foundation
import KBR
import PROSTExperiment
import PROSTNode
import PROSTSimulator
import SansIO
import Testing
import Wire

@Suite struct RunTests {
    private func run(_ settings: [String], seed: UInt64 = 1) throws -> RunResult {
        let experiment = try ExperimentFile.parse(
            "prost-experiment: 1\nname: test\nphases: { measurement: 20s }\n"
                + "workload: { interval: 1s }\nchecks: { period: 5s }\n",
            file: "e.yaml",
            settings: settings,
            seeds: "\(seed)"
        )
        return try RunExecution(try #require(experiment.runs.first), folder: "").execute()
    }

    @Test func `who left properly is down and can come back`() throws {
        let name = "trace-\(UUID().uuidString)"
        let folder = NSTemporaryDirectory()
        let file = URL(fileURLWithPath: folder + "/" + name)
        try Data("5s leave 3\n20s join 3\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let experiment = try ExperimentFile.parse(
            "prost-experiment: 1\nname: test\nnodes: 20\nphases: { measurement: 40s }\n"
                + "overlay: { stabilize: 1s }\nchurn: { type: trace, file: \(name) }\n",
            file: "e.yaml",
            folder: folder + "/"
        )
        let plan = try #require(experiment.runs.first)
        let result = try RunExecution(plan, folder: experiment.folder).execute()
        #expect(result.metrics["departures"] == 1)
        #expect(result.metrics["joins"] == 1)
        #expect(result.metrics["live"] == 20)
        #expect(result.metrics["ideal"] == 1)
    }

    /// Frames that are sent when a query arrives that was under way as its sender fell, or did not.
    @Test(arguments: [false, true])
    func `what is under way is lost with its connection`(falls: Bool) throws {
        var settings = SimulationSettings()
        settings.latency = .constant(.milliseconds(100))
        settings.setUpDelays = 0
        settings.configuration.chord = ChordConfiguration(successorListLength: 4)
        let simulation = Simulation(settings)
        let population = Population(simulation)
        population.addMachines(20, evenlySpaced: true)
        try population.startIdeal(listLength: 4)
        let arrival = simulation.now + .milliseconds(100)
        var sent = 0
        simulation.tap = { [unowned simulation] _, _ in
            if simulation.now == arrival { sent += 1 }
        }
        simulation.command(.lookup(simulation.hosts[10].handle.id), at: 0)
        if falls { simulation.crash(0) }
        simulation.run(for: .seconds(1))
        #expect((sent == 0) == falls, "\(sent)")
    }

    private func repeatable(_ result: RunResult) -> RunResult {
        var result = result
        result.metrics = result.metrics.filter { Metric.repeatable.contains($0.key) }
        return result
    }

    @Test func `the same seed gives the same run, another one another`() throws {
        let settings = [
            "nodes=60", "underlay.type=king", "churn.type=lifetime", "churn.median=30s",
        ]
        let first = try run(settings)
        #expect(repeatable(try run(settings)) == repeatable(first))
        #expect(try run(settings, seed: 2).fingerprint != first.fingerprint)
        #expect((first.metrics["departures"] ?? 0) > 0)
    }

    @Test func `virtual nodes even out what machines hold`() throws {
        func share(_ nodes: Int) throws -> Double {
            let result = try run([
                "nodes=200", "workload.type=none", "workload.keys=20000",
                "workload.virtual_nodes=\(nodes)",
            ])
            return try #require(result.metrics["keys_p99"])
        }
        #expect(try share(1) > 2)
        #expect(try share(20) < 2)
    }

    @Test func `no lookup is lost and the ring stays ideal while nothing happens`() throws {
        let result = try run(["nodes=80"])
        #expect(result.metrics["lookups_lost"] == 0)
        #expect((result.metrics["lookups"] ?? 0) > 1000)
        #expect(result.metrics["violations"] == 0)
        #expect(result.metrics["ideal"] == 1)
    }

    @Test func `nodes that join make the same ring`() throws {
        let result = try run(
            [
                "nodes=24", "start=join", "phases.join=1s", "phases.transition=60s",
                "overlay.stabilize=1s",
            ]
        )
        #expect(result.metrics["ideal"] == 1)
        #expect(result.metrics["lookups_lost"] == 0)
    }

    @Test func `a fault strikes the fraction it names`() throws {
        let result = try run(
            ["nodes=80", "fault.type=kill", "fault.fraction=25%", "overlay.stabilize=1s"]
        )
        #expect(result.metrics["live"] == 60)
        #expect(result.metrics["departures"] == 20)
        let flash = try run(["nodes=40", "fault.type=flash", "fault.fraction=50%", "fault.span=5s"])
        #expect(flash.metrics["joins"] == 20)
        #expect(flash.metrics["live"] == 60)
    }

    @Test func `a partition stops what crosses it and the connection gives up`() throws {
        let result = try run(
            ["nodes=40", "fault.type=partition", "fault.span=10s", "overlay.stabilize=1s"]
        )
        #expect((result.metrics["success"] ?? 1) < 0.95)
        let quiet = try run(["nodes=40", "overlay.stabilize=1s"])
        #expect(quiet.metrics["success"] == 1)
    }

    @Test func `a course counts each answer once, right or wrong`() throws {
        let result = try run(
            [
                "nodes=40", "fault.type=partition", "fault.span=20s", "overlay.stabilize=1s",
                "phases.measurement=60s",
            ]
        )
        let wrong = try #require(result.metrics["lookups_wrong"])
        let started = try #require(result.metrics["lookups"])
        // More than are open when the measurement ends.
        #expect(wrong > 200)
        let counted = result.series.reduce(0) { $0 + $1.lookups + $1.lost }
        #expect(Double(counted) <= started)
    }

    /// Divided by the nodes of the end, the mean would be above every node's own.
    @Test func `a mean is over the nodes that were up meanwhile`() throws {
        let result = try run(
            [
                "nodes=80", "fault.type=kill", "fault.at=19s", "fault.fraction=75%",
                "overlay.stabilize=1s",
            ]
        )
        #expect(result.metrics["live"] == 20)
        #expect((1..<3).contains(result.metrics["load_max"] ?? 0))
    }

    @Test func `paused nodes answer late and slow ones later than others`() throws {
        let quiet = try run(["nodes=40", "underlay.input_time=1ms"])
        let slow = try run(
            [
                "nodes=40", "underlay.input_time=1ms", "fault.type=slow", "fault.factor=20",
                "fault.span=20s",
            ]
        )
        #expect((slow.metrics["latency_p95_ms"] ?? 0) > (quiet.metrics["latency_p95_ms"] ?? 0))
        let paused = try run(["nodes=40", "fault.type=pause", "fault.span=1s"])
        #expect((paused.metrics["latency_p99_ms"] ?? 0) > (quiet.metrics["latency_p99_ms"] ?? 0))
    }

    @Test func `loss is delay and nothing is lost by it`() throws {
        let quiet = try run(["nodes=40", "underlay.set_up=0"])
        let lossy = try run(["nodes=40", "underlay.set_up=0", "underlay.loss=5%"])
        #expect(lossy.metrics["lookups_lost"] == 0)
        #expect((lossy.metrics["latency_p95_ms"] ?? 0) > (quiet.metrics["latency_p95_ms"] ?? 0))
    }

    @Test func `a replay stops where it is told to, with the same past`() throws {
        let experiment = try ExperimentFile.parse(
            "prost-experiment: 1\nname: test\nnodes: 20\nphases: { measurement: 30s }\n",
            file: "e.yaml"
        )
        let plan = try #require(experiment.runs.first)
        func view(_ event: UInt64) throws -> ReplayView {
            try RunExecution(plan, folder: "").replay(
                to: ReplayStop(event: event, nanoseconds: nil, lastEvents: 3)
            )
        }
        let first = try view(500)
        #expect(first.eventCount == 500)
        #expect(first.nodes.count == 20)
        #expect(first.events.count == 3)
        #expect(try view(500).fingerprint == first.fingerprint)
        #expect(try view(501).eventCount == 501)
    }

    /// Zave's `between` and global knowledge, nothing of `Chord`'s own choice.
    @Test(arguments: [UInt64(1), 2, 3])
    func `hops are those of brute force on the same identifiers`(seed: UInt64) throws {
        var settings = SimulationSettings()
        settings.seed = seed
        settings.latency = .constant(.milliseconds(10))
        settings.configuration.chord = ChordConfiguration(successorListLength: 4)
        let simulation = Simulation(settings)
        let population = Population(simulation)
        population.addMachines(90, evenlySpaced: false)
        try population.startIdeal(listLength: 4)
        let ring = BruteForceRing(
            ids: simulation.hosts.map(\.handle.id).sorted(),
            listLength: 4
        )
        var random = DeterministicRandom(seed: seed)
        var answers: [UInt64: Int] = [:]
        simulation.clientObserver = { _, _, frame in
            guard let response = try? ClientResponse(wireBytes: frame.body, "response"),
                case .integer(let hops)? = response.document["hops"]
            else { return }
            answers[response.number] = Int(hops)
        }
        var wanted: [UInt64: Int] = [:]
        for _ in 0..<200 {
            let key = Identifier(
                words: (random.next(), random.next(), random.next(), random.next())
            )
            let origin = Int(random.below(90))
            let number = simulation.command(
                .lookup(key),
                at: origin,
                client: Simulation.observedClients
            )
            wanted[number] = ring.hops(from: simulation.hosts[origin].handle.id, to: key)
        }
        simulation.run(for: .seconds(6))
        #expect(answers == wanted)
    }
}

/// Hops by the rules of the paper over sorted identifiers.
private struct BruteForceRing {
    private let ids: [Identifier]
    private let successors: [[Identifier]]
    private let known: [[Identifier]]

    init(ids: [Identifier], listLength: Int) {
        self.ids = ids
        let successors = ids.indices.map { place in
            (1...listLength).map { ids[(place + $0) % ids.count] }
        }
        self.successors = successors
        known = ids.indices.map { place in
            let fingers = (0..<256).map { exponent -> Identifier in
                let start = ids[place] &+ .powerOfTwo(exponent)
                return ids.first { $0 >= start } ?? ids[0]
            }
            return Set(successors[place] + fingers).subtracting([ids[place]]).sorted()
        }
    }

    func hops(from origin: Identifier, to key: Identifier) -> Int {
        let goal = ids.first { $0 >= key } ?? ids[0]
        var place = ids.firstIndex(of: origin) ?? 0
        var count = 0
        while ids[place] != goal {
            var next = goal
            if !successors[place].contains(goal) {
                // The known node that leaves the shortest way to the key without passing it.
                let current = ids[place]
                let way = key &- current
                next =
                    known[place].filter { $0 &- current < way }
                    .max { $0 &- current < $1 &- current } ?? goal
            }
            place = ids.firstIndex(of: next) ?? 0
            count += 1
        }
        return count
    }
}
