internal import ArgumentParser
internal import CommandLineInterface

/// Nodes and rings: everything that touches the network.
@main
struct Prost: AsyncParsableCommand {
    static func main() async {
        do {
            var command = try Usage.command(of: Self.self)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch { Usage.exit(Self.self, with: error) }
    }

    static let configuration = CommandConfiguration(
        commandName: "prost",
        abstract: "Run PROST nodes and talk to them.",
        discussion: """
            EXAMPLES
              prost dev --nodes 5 dht.peerlet       a local ring with a peerlet deployed
              prost run --data-dir n1 --ring lab --listen 127.0.0.1:7401
              prost call dht put --key colour --payload blue --node n1
              prost lookup colour --trace --node n1
              prost policy check policy.yaml

            Commands that talk to a node find it by --node, then PROST_NODE, then the
            ring that 'prost dev' runs in this folder; there is no default beyond these.

            EXIT CODES
              0 done, 1 the answer is no, 64 usage, 65 bad input, 66 input missing,
              69 unreachable, 70 internal failure, 73 cannot create, 75 try again later,
              77 refused, 78 configuration; 'prost run' also 74: store not written;
              130, 143: interrupted
            """,
        version: VersionCommand.line,
        subcommands: [
            RunCommand.self, DevCommand.self, DeployCommand.self, CallCommand.self,
            LookupCommand.self, RingCommand.self, AppCommand.self, TopCommand.self,
            PolicyCommand.self, StatusCommand.self, BenchCommand.self, LeaveCommand.self,
            VersionCommand.self,
        ]
    )
}
