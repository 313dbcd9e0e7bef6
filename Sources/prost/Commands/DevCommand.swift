internal import ArgumentParser
internal import Cryptography
internal import Foundation
internal import PROSTNode

/// A ring on this machine, with a peerlet deployed.
struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Run a local ring with a peerlet deployed, until Ctrl-C.",
        discussion: """
            Takes a package, or a source file that 'prost-asm build' makes one of. The
            nodes are processes of their own with folders below .prost; other commands in
            this folder find them by .prost/dev.json.

            EXAMPLES
              prost dev --nodes 5 PeerletASM/dht/dht.pasm
              prost call dht put --key colour --payload blue
            """
    )

    @Argument(help: "A package (.peerlet) or a source file (.pasm).")
    var path: String?
    @Option(name: .long, help: "Number of nodes.")
    var nodes = 5
    @Option(name: .long, help: "Length r of successor lists.")
    var successors = 3
    @Flag(name: .long, help: "Keep the nodes' folders when it ends.")
    var keep = false
    @Flag(name: .long, help: "End when standard input ends: for programs that start rings.")
    var lifeline = false
    @Flag(name: .long, help: "Print one JSON document when the ring is up.")
    var json = false

    func run() async throws {
        try await reporting(asJSON: json) {
            guard (1...64).contains(nodes) else {
                throw CommandFailure(.usage, "--nodes takes 1 to 64")
            }
            guard (2...16).contains(successors) else {
                throw CommandFailure(.usage, "--successors takes 2 to 16")
            }
            // From here on no signal leaves the nodes behind.
            let interrupt = Interrupt(hasLifeline: lifeline)
            let ring = try LocalRing(nodes: nodes, successors: successors)
            defer { ring.stop(keepingFolders: keep) }
            let package = try path.map { try ring.package($0) }
            if let package { try ring.trust(package) }
            try await ring.start(interrupt) { Terminal.error($0) }
            if let package { try await ring.deploy(package) }
            if json {
                print(JSONText.line(ring.document))
            } else {
                print(ring.text(package))
            }
            fflush(nil)
            await interrupt.wait()
        }
    }
}
