internal import ArgumentParser
internal import Cryptography
internal import PeerletPackage
internal import SansIO
internal import Wire

/// A root key's word that another key may sign its packages (`Spec/package.md` §5).
struct DelegateCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "delegate",
        abstract: "Let another key sign the packages of a root key, for a time.",
        discussion: """
            The root key stays in its safe; the signer builds with its own key and the
            file made here. Nodes refuse epochs lower than the highest they have seen, so
            a new signer gets a higher one, and the one before is out.

            Examples:
              prost-asm key delegate ci.pub --epoch 1 --days 90 --key-file root.key
              prost-asm build app --key-file ci.key --delegation ci.delegation
            """
    )

    @Argument(help: "Public key of the signer, a file or its line.")
    var signer: String

    @Option(help: "Number of this delegation, higher than that of every signer before.")
    var epoch: UInt64

    @OptionGroup var expiry: ExpiryOptions

    @Option(name: .shortAndLong, help: "File to write; default SIGNER.delegation.")
    var out: String?

    @OptionGroup var signing: SigningOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        let delegation: String
        let rootKey: String
        let signerKey: String
        let epoch: UInt64
        /// Milliseconds since 1970.
        let expires: UInt64?
    }

    func execute() throws(CommandFailure) {
        let key = try KeyFiles.publicKey(signer).key
        let end = try expiry.time()
        let root = try signing.requiredKey().key
        guard key != root.publicKey else {
            throw .usage("\(signer) is the root key itself, which needs no delegation")
        }
        let file: DelegationFile
        do throws(CryptographyError) {
            file = DelegationFile(
                root: root.publicKey,
                signer: key,
                delegation: try Delegation.issue(
                    root: root,
                    signer: key,
                    epoch: epoch,
                    expires: end
                )
            )
        } catch { throw CommandFailure(code: .data, name: "delegation", message: "\(error)") }
        let path = out ?? defaultPath
        try Files.write(file.wireBytes, to: path)
        output.result("wrote \(path): epoch \(epoch), \(ExpiryOptions.text(end))", besides: path)
        if output.json {
            output.printJSON(
                Report(
                    delegation: path,
                    rootKey: Hexadecimal.text(file.root.raw),
                    signerKey: Hexadecimal.text(file.signer.raw),
                    epoch: epoch,
                    expires: end?.milliseconds
                ),
                besides: path
            )
        }
    }

    private var defaultPath: String {
        signer.hasSuffix(".pub") ? signer.dropLast(4) + ".delegation" : "signer.delegation"
    }
}

extension Delegation {
    func warnIfExpired(_ what: String, _ output: OutputOptions) {
        guard let expires, expires <= ExpiryOptions.now else { return }
        output.note("warning: \(what) expired at \(expires); nodes will refuse the package")
    }
}

/// The delegation of a command that signs packages.
struct DelegationOptions: ParsableArguments {
    @Option(help: "The root key's delegation for the signing key (prost-asm key delegate).")
    var delegation: String?

    /// What lets `signer` sign for a root key; nil if it signs for itself.
    func authority(
        of signer: PublicKey,
        _ output: OutputOptions
    ) throws(CommandFailure) -> SigningAuthority? {
        guard let path = delegation else { return nil }
        let bytes = try Files.read(path)
        let file: DelegationFile
        do throws(WireError) {
            file = try DelegationFile(wireBytes: bytes, "delegation")
        } catch {
            throw CommandFailure(
                code: .data,
                name: "delegation",
                message: "\(path) is no delegation: \(error)",
                hint: "prost-asm key delegate makes one"
            )
        }
        guard file.isValid else {
            throw refusal("the signature in \(path) is not its root key's")
        }
        guard file.signer == signer else {
            throw refusal(
                "\(path) is for the signer \(Hexadecimal.text(file.signer.raw)), "
                    + "this key is \(Hexadecimal.text(signer.raw))"
            )
        }
        file.delegation.warnIfExpired(path, output)
        return SigningAuthority(rootKey: file.root, delegation: file.delegation)
    }

    private func refusal(_ message: String) -> CommandFailure {
        CommandFailure(code: .refused, name: "bad-delegation", message: message)
    }
}
