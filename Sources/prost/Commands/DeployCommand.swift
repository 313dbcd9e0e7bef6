internal import ArgumentParser
internal import PROSTNode

/// Hands a package to a node and shows that it runs there.
struct DeployCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy",
        abstract: "Give a package to a node; other nodes fetch it when a message needs it.",
        discussion: """
            EXAMPLES
              prost deploy dht.peerlet --node n1
              prost deploy dht.peerlet --locator https://example.org/dht.peerlet --node n1
            """
    )

    @Argument(help: "The package (.peerlet).")
    var file: String
    @Option(name: .long, help: "Where other nodes may fetch it: ring:sha256:… or https:…")
    var locator = ""
    @OptionGroup var target: NodeTarget

    func run() async throws {
        try await reporting(asJSON: target.json) {
            let package = try InputFile.package(file)
            let client = try await NodeClient.connect(target)
            target.output.note("→ node at \(client.path) (from \(client.origin))")
            let response = try await client.ask(.deploy(package: package, locator: locator))
            await client.close()
            let document = try answer(response)
            if target.json { return print(JSONText.pretty(document)) }
            print(
                "deployed \(document.text("name")) \(document.text("version")) on node "
                    + "\(document.short("node")): running"
            )
            print("application  \(document.text("application"))")
            print("package      sha256:\(document.text("digest"))")
            print("next         prost app list; prost call \(document.text("name")) METHOD --key …")
        }
    }

    /// The answer; of a refusal by the policy also how a changed policy takes effect.
    private func answer(_ response: ClientResponse) throws -> Document {
        do {
            return try response.goodDocument()
        } catch var failure as CommandFailure
            where failure.status == .refused && failure.message.hasPrefix("policy")
        {
            let nodes = try target.place().isOfDevelopmentRing ? NodeTarget.developmentNodes() : []
            let processes = nodes.map { "\($0.process)" }.joined(separator: " ")
            failure.hint =
                "prost policy explain \(file) shows every rule; nodes read a changed policy when "
                + "told to: kill -HUP \(processes.isEmpty ? "PROCESS" : processes)"
            throw failure
        }
    }
}
