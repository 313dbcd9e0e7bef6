internal import ArgumentParser
internal import Cryptography
internal import Dispatch
internal import Foundation
internal import PROSTNode
internal import PROSTService
internal import PeerletPackage

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
    @Flag(name: .long, help: "Print one JSON document when the ring is up.")
    var json = false

    func run() async throws {
        try await reporting(asJSON: json) {
            guard (1...64).contains(nodes) else {
                throw CommandFailure(.usage, "--nodes takes 1 to 64")
            }
            let ring = try LocalRing(nodes: nodes, successors: successors)
            defer { ring.stop(keepingFolders: keep) }
            let package = try path.map { try ring.package($0) }
            if let package { try ring.trust(package) }
            try await ring.start { Terminal.error($0) }
            if let package { try await ring.deploy(package) }
            if json {
                print(JSONText.line(ring.document))
            } else {
                print(ring.text(package))
            }
            fflush(nil)
            await Interrupt.wait()
        }
    }
}

/// Waits for Ctrl-C or SIGTERM.
enum Interrupt {
    static func wait() async {
        let (signals, continuation) = AsyncStream.makeStream(of: Int32.self)
        let sources = [SIGINT, SIGTERM].map { number in
            _ = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: DispatchWorkItem { continuation.yield(number) })
            source.resume()
            return source
        }
        for await _ in signals { break }
        for source in sources { source.cancel() }
    }
}
