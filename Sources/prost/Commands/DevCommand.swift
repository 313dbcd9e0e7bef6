internal import ArgumentParser
internal import Foundation

/// A ring on this machine, with a peerlet deployed.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run a local ring with a peerlet deployed, until Ctrl-C.",
        discussion: """
            Takes packages, and source files or folders of 'prost-asm new', which it builds
            with 'prost-asm build'. The nodes are processes of their own with folders below
            .prost, where the ring's policy.yaml is too; other commands in this folder find
            them by .prost/dev.json. The ring takes further packages of the same keys, and of
            .prost/dev.key, with which 'prost-asm build' signs in this folder: 'prost deploy'.
            Once the ring is up, Ctrl-C and SIGTERM end it with exit code 0.

            EXAMPLES
              prost dev --nodes 5 PeerletASM/dht/dht.pasm
              prost dev hello dht.peerlet
              prost call dht put --key colour --payload blue
            """
    )

    @Argument(help: "Packages (.peerlet), source files (.pasm) or folders with a main.pasm.")
    var paths: [String] = []
    @Option(name: .long, help: "Number of nodes.")
    var nodes = 5
    @Option(name: .long, help: "Length r of successor lists.")
    var successors = 3
    @Flag(name: .long, help: "Keep the nodes' folders when it ends.")
    var keep = false
    @Flag(name: .long, help: "End when standard input ends: for programs that start rings.")
    var lifeline = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reporting(asJSON: output.json) {
            guard (1...64).contains(nodes) else {
                throw CommandFailure(.usage, "--nodes takes 1 to 64")
            }
            guard (2...16).contains(successors) else {
                throw CommandFailure(.usage, "--successors takes 2 to 16")
            }
            // From here on no signal leaves the nodes behind.
            let interrupt = Interrupt(hasLifeline: lifeline)
            let ring = try LocalRing(nodes: nodes, successors: successors, isKept: keep)
            defer { ring.stop(keepingFolders: keep) }
            try AssemblerProgram().makeDevelopmentKey()
            for path in paths { try ring.add(path, asJSON: output.json) }
            try await ring.start(interrupt) { output.note($0) }
            try await ring.deploy()
            print(output.json ? JSONText.line(ring.document) : ring.text(output))
            fflush(nil)
            for await event in interrupt.events {
                // Nodes hear a Ctrl-C themselves and may be gone before it is our turn.
                guard case .ended(let node, let end) = event, !interrupt.isRaised else { return }
                try ring.ended(node, end)
            }
        }
    }
}
