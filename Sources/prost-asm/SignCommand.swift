internal import ArgumentParser
internal import Cryptography
internal import Foundation
internal import PeerletPackage
internal import PeerletVM
internal import Wire

struct SignCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a package anew, or any file with a detached signature.",
        discussion: """
            Examples:
              prost-asm sign hello.peerlet --key-file root.key
              prost-asm sign hello.peerlet --key-file ci.key --delegation ci.delegation
              prost-asm sign --detached hello.peerlet --key-file release.key
              minisign -V -m hello.peerlet -p release.pub
            """
    )

    @Argument(help: "File to sign.")
    var file: String

    @Flag(help: "Write FILE.minisig instead of changing the file.")
    var detached = false

    @Flag(help: "Make it a package of another root key: another application.")
    var newRoot = false

    @Option(name: .shortAndLong, help: "Where to write; default FILE, or FILE.minisig.")
    var out: String?

    @Option(help: "Trusted comment of a detached signature; default file:NAME.")
    var comment: String?

    @OptionGroup var signing: SigningOptions
    @OptionGroup var delegation: DelegationOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        let path: String
        let keyID: String
    }

    func execute() throws(CommandFailure) {
        let bytes = try Files.read(file)
        let key = try signing.requiredKey()
        let path: String
        if detached {
            path = out ?? (file == "-" ? "-" : file + ".minisig")
            try Files.write(try signature(of: bytes, key), to: path)
        } else {
            path = out ?? file
            let package = try Packages.inspect(bytes, file)
            let image = try Packages.image(package, file, output)
            let draft = PeerletPackage.ManifestDraft(package.manifest)
            let authority = try authority(package.manifest, key.publicKey.key)
            try Files.write(try Packages.build(draft, image, key.key, authority), to: path)
        }
        output.result("signed \(path) with key \(key.id)", besides: path)
        if output.json { output.printJSON(Report(path: path, keyID: "\(key.id)"), besides: path) }
    }

    /// What lets the signer sign for the package's root key, which stays unless that is asked for.
    private func authority(
        _ manifest: Manifest,
        _ signer: PublicKey
    ) throws(CommandFailure) -> SigningAuthority? {
        var authority = try delegation.authority(of: signer, output)
        if authority == nil, !newRoot, signer == manifest.signerKey,
            let delegation = manifest.delegation
        {
            delegation.warnIfExpired("the package's delegation", output)
            authority = SigningAuthority(rootKey: manifest.rootKey, delegation: delegation)
        }
        let root = authority?.rootKey ?? signer
        guard newRoot || root == manifest.rootKey else {
            let own = Hexadecimal.text(manifest.rootKey.raw)
            throw CommandFailure(
                code: .refused,
                name: "other-root",
                message: "\(file) is of the root key \(own); signed so it would be of "
                    + "\(Hexadecimal.text(root.raw)), another application",
                hint: "--delegation FILE is that root key's word for the signer (prost-asm key "
                    + "delegate); --new-root makes it another application"
            )
        }
        return authority
    }

    private func signature(
        of bytes: [UInt8],
        _ key: MinisignSecretKey
    ) throws(CommandFailure) -> [UInt8] {
        let name = URL(filePath: file).lastPathComponent
        do throws(MinisignError) {
            return try MinisignSignature(
                digest: BLAKE2b512.digest(bytes),
                trustedComment: comment ?? "file:\(name)",
                signer: key
            ).file()
        } catch { throw CommandFailure(code: .data, name: "signature", message: "\(error)") }
    }
}

struct VerifyCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check a package and its signature, or a detached signature.",
        discussion: """
            Examples:
              prost-asm verify hello.peerlet --trusted release.pub
              prost-asm verify hello.peerlet --strict
              prost-asm verify --detached hello.peerlet --trusted release.pub
            """
    )

    @Argument(help: "File to check.")
    var file: String

    @Flag(help: "Check FILE.minisig.")
    var detached = false

    @Option(help: "Detached signature to check instead of FILE.minisig.")
    var signature: String?

    @Option(help: "Public key, a file or its line, that must have signed.")
    var trusted: String?

    @Flag(help: "Fail if nodes would not install the package now, by its dates or versions.")
    var strict = false

    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        let path: String
        let package: PackageRecord?
        /// Why nodes of this version would not install the package now.
        let objections: [Objection]?
        let trustedComment: String?
    }

    private struct Objection: Encodable {
        let code: String
        let message: String
    }

    func execute() throws(CommandFailure) {
        let bytes = try Files.read(file)
        if detached || signature != nil { return try checkDetached(bytes) }
        let package = try Packages.inspect(bytes, file)
        _ = try Packages.image(package, file, output)
        if let trusted {
            let key = try KeyFiles.publicKey(trusted).key
            guard key == package.manifest.rootKey || key == package.manifest.signerKey else {
                throw CommandFailure(
                    code: .refused,
                    name: "other-key",
                    message: "\(file) is signed by another key"
                )
            }
        }
        let objections = package.objections(now: ExpiryOptions.now)
        if strict, let first = objections.first { throw Packages.failure(first, file) }
        for objection in objections { output.note("warning: \(file): \(objection)") }
        let record = PackageRecord(package)
        let suffix = trusted == nil ? "; whose key it is was not asked" : " by the trusted key"
        output.result("\(file): \(record.name) \(record.version), valid signature\(suffix)")
        if output.json {
            output.printJSON(
                Report(
                    path: file,
                    package: record,
                    objections: objections.map { Objection(code: $0.code, message: "\($0)") },
                    trustedComment: nil
                )
            )
        }
    }

    private func checkDetached(_ bytes: [UInt8]) throws(CommandFailure) {
        guard let trusted else { throw .usage("--trusted is needed for a detached signature") }
        let key = try KeyFiles.publicKey(trusted)
        guard let path = signature ?? (file == "-" ? nil : file + ".minisig") else {
            throw .usage("--signature is needed for the signature of standard input")
        }
        let signatureFile = try Files.read(path)
        let comment: String
        do throws(MinisignError) {
            let signature = try MinisignSignature(file: signatureFile)
            try signature.check(digest: BLAKE2b512.digest(bytes), key: key)
            comment = signature.trustedComment
        } catch {
            let isForm =
                switch error {
                case .malformed, .unsupportedAlgorithm: true
                default: false
                }
            throw CommandFailure(
                code: isForm ? .data : .refused,
                name: "signature",
                message: "\(path): \(error)"
            )
        }
        output.result("\(file): valid signature of \(key.id), trusted comment: \(comment)")
        if output.json {
            output.printJSON(
                Report(path: file, package: nil, objections: nil, trustedComment: comment)
            )
        }
    }
}
