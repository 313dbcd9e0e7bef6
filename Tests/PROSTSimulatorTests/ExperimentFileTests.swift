import PROSTExperiment
import StrictYAML
import Testing

@Suite struct ExperimentFileTests {
    static let head = "prost-experiment: 1\nname: test\n"

    private func errors(_ text: String, settings: [String] = []) -> [String] {
        do throws(ConfigurationErrors) {
            _ = try ExperimentFile.parse(text, file: "e.yaml", settings: settings)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    @Test func `a sweep has every point with every seed, seeds fastest`() throws {
        let experiment = try ExperimentFile.parse(
            Self.head + """
                seeds: 1..2
                nodes: 64
                overlay: { successors: 4 }
                sweep:
                  nodes: [16, 32]
                  churn.graceful: [0, 50%]
                """,
            file: "e.yaml"
        )
        let runs = experiment.runs
        #expect(runs.count == 8)
        #expect(runs.map(\.seed) == [1, 2, 1, 2, 1, 2, 1, 2])
        #expect(runs.map { $0.values.int("nodes") } == [16, 16, 16, 16, 32, 32, 32, 32])
        #expect(runs.map { $0.values.fraction("churn.graceful") }.suffix(2) == [500_000, 500_000])
        #expect(runs[0].values.int("overlay.successors") == 4)
    }

    @Test func `a setting replaces a value and ends its sweep`() throws {
        let experiment = try ExperimentFile.parse(
            Self.head + "sweep: { nodes: [16, 32] }\n",
            file: "e.yaml",
            settings: ["nodes=48"],
            seeds: "4..5"
        )
        #expect(experiment.runs.map { $0.values.int("nodes") } == [48, 48])
        #expect(experiment.runs.map(\.seed) == [4, 5])
    }

    @Test(arguments: [
        ("name: x\n", "e.yaml:1: prost-experiment is missing"),
        ("prost-experiment: 1\n", "e.yaml:1: name is missing"),
        (head + "node: 5\n", "e.yaml:3: unknown key node; did you mean nodes?"),
        (
            head + "overlay: { sucessors: 5 }\n",
            "e.yaml:3: overlay: unknown key sucessors; did you mean successors?"
        ),
        (
            head + "nodes: many\n",
            "e.yaml:3: nodes: expected a number; write 200, 200k or 2M, found many"
        ),
        (head + "nodes: 1\n", "e.yaml:3: nodes: 1 is not between 2 and 1000000"),
        (
            head + "overlay: { stabilize: 20 }\n",
            "e.yaml:3: overlay.stabilize: needs a unit; write 250ms, 10s, 5min, 1h or 2d"
        ),
        (
            head + "underlay: { type: kign }\n",
            "e.yaml:3: underlay.type: unknown value kign; allowed are constant, uniform, coordinates, king, "
                + "matrix; did you mean king?"
        ),
        (
            head + "underlay: { loss: 200% }\n",
            "e.yaml:3: underlay.loss: expected a fraction; write 0.5% or 0.005, found 200%"
        ),
        (head + "seeds: 3..1\n", "e.yaml:3: seeds: write 1..10, 7, or a list of numbers"),
        (head + "seeds: [1, 1]\n", "e.yaml:3: seeds: a seed is there twice"),
        (
            head + "sweep: { nodes: [] }\n",
            "e.yaml:3: sweep.nodes: has no value; leave the key out for the default"
        ),
        (
            head + "sweep: { nodes: [8, x] }\n",
            "e.yaml:3: sweep.nodes[1]: expected a number; write 200, 200k or 2M, found x"
        ),
        (
            head + "expect:\n  - hop_mean < 3\n",
            "e.yaml:4: expect[0]: unknown metric hop_mean; did you mean hops_mean?"
        ),
        (
            head + "expect:\n  - hops_mean < 3 when node > 5\n",
            "e.yaml:4: expect[0]: unknown parameter node; did you mean nodes?"
        ),
        (
            head + "nodes: 5\n",
            "e.yaml: nodes: an ideal start needs more than 9 nodes"
        ),
        (
            head + "churn: { type: lifetime }\n",
            "e.yaml: churn.mean: give either churn.mean or churn.median"
        ),
        (head + "churn: { type: trace }\n", "e.yaml: churn.file: a trace needs a file"),
        (
            head + "fault: { type: slow }\n",
            "e.yaml: fault.type: slow needs underlay.input_time"
        ),
        (
            head + "fault: { type: kill, at: 100s }\n",
            "e.yaml: fault.at: is not within phases.measurement"
        ),
        (
            head + "fault: { type: kill, fraction: 100%, restart: old }\n",
            "e.yaml: fault.restart: needs a node that is left to start again through"
        ),
        (
            head + "workload: { interval: 999us }\n",
            "e.yaml: workload.interval: must be at least 1us for each node"
        ),
        (
            head + "expect:\n  - hops_mean < 3 when nodes == 500\n",
            "e.yaml:4: expect: no run has nodes == 500"
        ),
        ("prost-experiment: [1\n", "e.yaml:2: is not YAML: did not find expected ',' or ']'"),
    ])
    func `a mistake is told with its line and what was meant`(text: String, message: String) {
        #expect(errors(text) == [message])
    }

    /// 2^64 runs are not none, and no list of seeds is made longer than a run can use.
    @Test func `more runs than there may be are refused before they are made`() {
        let counts = ["nodes", "overlay.successors", "overlay.replicas", "workload.count"]
        let times = [
            "overlay.stabilize", "overlay.fix_fingers", "underlay.delay", "underlay.least",
            "underlay.most", "underlay.mean_rtt", "churn.mean", "churn.median", "churn.interval",
            "fault.at", "fault.span", "phases.join", "checks.period",
        ]
        func axis(_ key: String, _ values: [String]) -> String {
            "  \(key): [\(values.joined(separator: ", "))]\n"
        }
        let sweep =
            axis(counts[0], (1...16).map { "\($0 * 100)" })
            + axis(counts[2], (1...16).map(String.init))
            + axis(counts[3], (1...16).map(String.init))
            + times.map { axis($0, (1...16).map { "\($0)s" }) }.joined()
        #expect(
            errors(Self.head + "seeds: 1\nsweep:\n" + sweep)
                == ["e.yaml: sweep: more than 100000 runs"]
        )
        let list = Array(repeating: "1..100000", count: 10_000).joined(separator: ", ")
        #expect(
            errors(Self.head + "seeds: [\(list)]\n")
                == ["e.yaml:3: seeds: more than 100000 seeds"]
        )
    }

    @Test func `settings have their mistakes too`() {
        #expect(
            errors(Self.head, settings: ["nodes"]) == ["e.yaml: --set: nodes: write KEY=VALUE"]
        )
        #expect(
            errors(Self.head, settings: ["node=5"])
                == ["e.yaml: --set: unknown key node; did you mean nodes?"]
        )
        #expect(
            errors(Self.head, settings: ["nodes=x"])
                == ["e.yaml: --set nodes: expected a number; write 200, 200k or 2M, found x"]
        )
    }

    @Test func `every parameter's standard is a valid value`() {
        for parameter in ParameterTable.all {
            if let standard = parameter.standard {
                #expect(parameter.problem(in: standard) == nil, "\(parameter.key)")
            }
        }
    }

    @Test func `an expectation speaks of the runs that it names`() throws {
        let experiment = try ExperimentFile.parse(
            Self.head + """
                sweep: { nodes: [16, 32] }
                expect: [ "hops_mean < 2 when nodes >= 32" ]
                """,
            file: "e.yaml"
        )
        let expectation = try #require(experiment.expectations.first)
        #expect(experiment.runs.map { expectation.applies(to: $0.values) } == [false, true])
    }
}
