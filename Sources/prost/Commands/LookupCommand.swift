internal import ArgumentParser
internal import Cryptography
internal import KBR
internal import PROSTNode
internal import PeerletPackage
internal import Wire

/// Who is responsible for a key.
struct LookupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lookup",
        abstract: "Find the node responsible for a key.",
        discussion: """
            EXAMPLES
              prost lookup colour --trace --node n1
            """
    )

    @Argument(help: "A name; its SHA-256 is the key.")
    var key: String
    @Flag(name: .long, help: "Show every hop.")
    var trace = false
    @OptionGroup var target: NodeTarget

    func run() async throws {
        try await reporting(asJSON: target.json) {
            let id = Identifier.key(named: key)
            let answer = try await NodeClient.ask(.lookup(id), target)
            let path = try Self.path(answer)
            let document = Document.object([
                .init("key", .text(id.hexadecimal)),
                .init("root", .text(answer.text("node"))),
                .init("address", .text(answer.text("address"))),
                .init("hops", .integer(answer.integer("hops"))),
                .init(
                    "path",
                    .list(
                        path.map {
                            .object([
                                .init("id", .text($0.id.hexadecimal)),
                                .init("address", .text("\($0.endpoint)")),
                            ])
                        }
                    )
                ),
            ])
            if target.json { return print(JSONText.pretty(document)) }
            print("key   \(id.hexadecimal)  sha256(\"\(key)\")")
            print(
                "root  \(answer.text("node"))  \(answer.text("address"))  "
                    + Words.count(answer.integer("hops"), "hop")
            )
            guard trace else { return }
            let rows = path.enumerated().map { index, node in
                [
                    "\(index)", "\(node.id)", "\(node.endpoint)",
                    Self.reason(index, of: path.count),
                ]
            }
            print(target.output.table(["hop", "node", "address", "why"], rows))
        }
    }

    private static func reason(_ index: Int, of count: Int) -> String {
        switch (index, count - 1) {
        case (0, 0): "start and root"
        case (0, _): "start"
        case (let index, let last): index == last ? "root" : "closer to the key"
        }
    }

    private static func path(_ answer: Document) throws -> [NodeHandle] {
        guard case .bytes(let bytes)? = answer["payload"] else { return [] }
        var reader = WireReader(bytes)
        var nodes: [NodeHandle] = []
        while !reader.isAtEnd { nodes.append(try NodeHandle(from: &reader)) }
        return nodes
    }
}
