internal import ArgumentParser
internal import Foundation
internal import PROSTNode
internal import PROSTService
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
                let package = try readPackage(file)
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
                let rules: NodePolicy
                do { rules = try PolicyFile.load(path: policy) } catch {
                    throw CommandFailure(.configuration, "\(error)")
                }
                do throws(PackageError) {
                    let signed = try PackageReader.inspect(package)
                    guard let explanation = rules.explanation(of: signed) else {
                        throw .badSignature
                    }
                    return (explanation.isAllowed, Document(explanation))
                } catch {
                    throw CommandFailure(.badInput, "\(file): \(error)")
                }
            }
            let client = try await NodeClient.connect(target)
            let response = try await client.ask(.explain(package: package))
            await client.close()
            if response.status == .refused { return (false, response.document) }
            return (true, try response.goodDocument())
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read a policy file and report every mistake in it."
        )
        @Argument(help: "The policy file (YAML).")
        var file: String

        func run() throws {
            do {
                _ = try PolicyFile.load(path: file)
                print("\(file): ok")
            } catch {
                throw CommandFailure(.configuration, "\(error)").report(asJSON: false)
            }
        }
    }
}
