internal import ArgumentParser
internal import CommandLineInterface

@main
struct ProstSim: ParsableCommand {
    static func main() {
        do {
            var command = try Usage.command(of: Self.self)
            try command.run()
        } catch { Usage.exit(Self.self, with: error) }
    }

    static let configuration = CommandConfiguration(
        commandName: "prost-sim",
        abstract: "Experiments with many production nodes in virtual time. No network.",
        discussion: """
            EXAMPLES
              prost-sim list                                 experiments that come with PROST
              prost-sim check Experiments/hops.yaml          look for mistakes, estimate the cost
              prost-sim run Experiments/hops.yaml --jobs 2   all runs of the sweep
              prost-sim report hops.results                  figures and tables anew
              prost-sim reproduce hops.results               the same fingerprints again?

            EXIT CODES
              0 done, 1 an expectation or a fingerprint failed or a predicate of the ring was
              violated, 64 usage, 65 bad input, 66 input missing, 70 a run ended early, 73 cannot
              write.
            """,
        version: ToolVersion.text,
        subcommands: [
            RunCommand.self, ReportCommand.self, CompareCommand.self, ReproduceCommand.self,
            ReplayCommand.self, CheckCommand.self, ListCommand.self, SingleRunCommand.self,
        ]
    )
}

enum ToolVersion {
    static let text = "prost-sim 0.1.0"
}
