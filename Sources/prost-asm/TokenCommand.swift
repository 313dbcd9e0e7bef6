internal import ArgumentParser
internal import Cryptography
internal import SansIO
internal import Wire

/// A ring operator's word that a node may join.
struct TokenCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Let a node into a closed ring: sign its key.",
        discussion: """
            A node shows its key when it starts ('prost run').

            Examples:
              prost-asm token --ring lab --node KEY --days 30 --key-file op.key -o n1.token
              prost run --data-dir n1 --ring lab --operator-key op.pub --join-token n1.token
            """
    )

    @Option(help: "Name of the ring.")
    var ring: String
    @Option(help: "The node's public key, 64 hexadecimal digits.")
    var node: String
    @OptionGroup var expiry: ExpiryOptions
    @Option(name: .shortAndLong, help: "File to write.")
    var out = "node.token"
    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        let token: String
        let ring: String
        let node: String
        let expires: UInt64
    }

    func execute() throws(CommandFailure) {
        guard let raw = Hexadecimal.bytes(node), let key = PublicKey(raw: raw) else {
            throw .usage("--node takes an Ed25519 public key, 64 hexadecimal digits")
        }
        guard (1...WireLimits.ringName).contains(ring.utf8.count),
            ring.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else {
            throw .usage("a ring's name has 1 to \(WireLimits.ringName) printable bytes")
        }
        let end = try expiry.time()
        let expires = end?.milliseconds ?? 0
        let secret = try signing.requiredKey()
        let token: JoinToken
        do throws(CryptographyError) {
            token = try JoinToken.issue(
                ring: ring,
                node: key,
                expires: expires,
                operator: secret.key
            )
        } catch {
            throw CommandFailure(code: .data, name: "token", message: "\(error)")
        }
        try Files.write(token.wireBytes, to: out)
        output.result("wrote \(out): \(ExpiryOptions.text(end))", besides: out)
        if output.json {
            output.printJSON(
                Report(token: out, ring: ring, node: node, expires: expires),
                besides: out
            )
        }
    }
}
