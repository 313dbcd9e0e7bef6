internal import ArgumentParser
internal import PROSTNode
internal import PeerletPackage

/// What the owner's policy says.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy",
        abstract: "Explain or check a policy.",
        subcommands: [Explain.self, Check.self]
    )

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a policy makes of a package, with every reason; exit 77 if no.",
            discussion: """
                EXAMPLES
                  prost policy explain dht.peerlet --policy policy.yaml
                  prost policy explain dht.peerlet --node n1
                """
        )
        @Argument(help: "The package (.peerlet).")
        var file: String
        @Option(name: .long, help: "A policy file, instead of the policy of a running node.")
        var policy: String?
        @OptionGroup var target: NodeTarget

        func run() async throws {
            try await reporting(asJSON: target.json) {
                let package = try InputFile.package(file)
                let (isAllowed, document) = try await verdict(package)
                print(
                    target.json
                        ? JSONText.pretty(document) : document.text("text"),
                    terminator: target.json ? "\n" : ""
                )
                if !isAllowed { throw ExitStatus.refused.code }
            }
        }

        private func verdict(_ package: [UInt8]) async throws -> (Bool, Document) {
            if let policy {
                let rules = try ConfigurationFiles.policy(policy)
                do throws(PackageError) {
                    let signed = try PackageReader.inspect(package)
                    guard let explanation = rules.explanation(of: signed) else {
                        throw .badSignature
                    }
                    return (explanation.isAllowed, Document(explanation))
                } catch {
                    throw CommandFailure(
                        error.isRefusal ? .refused : .badInput,
                        "\(file): \(error)"
                    )
                }
            }
            let client = try await NodeClient.connect(target)
            let response = try await client.ask(.explain(package: package))
            await client.close()
            if response.status == .refused { return (false, response.document) }
            return (true, try response.goodDocument())
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a policy file and report every mistake in it; exit 78 if any.",
            discussion: """
                EXAMPLES
                  prost policy check policy.yaml
                """
        )
        @Argument(help: "The policy file (YAML).")
        var file: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            try await reporting(asJSON: output.json) {
                let policy = try ConfigurationFiles.policy(file)
                let figures = Document.object([
                    .init("ok", .flag(true)), .init("file", .text(file)),
                    .init("providers", .integer(Int64(policy.providers.count))),
                    .init("apps", .integer(Int64(policy.applications.count))),
                    .init("revoked", .integer(Int64(policy.revoked.count))),
                ])
                if output.json { return print(JSONText.pretty(figures)) }
                print(
                    "\(file): ok (providers \(figures.text("providers")), apps "
                        + "\(figures.text("apps")), revoked \(figures.text("revoked")))"
                )
            }
        }
    }
}
