internal import ArgumentParser
internal import Cryptography
internal import Foundation
internal import PeerletAssembler

/// The signing key of a command.
struct SigningOptions: ParsableArguments {
    @Option(
        help: """
            Secret key file; default PROST_KEY_FILE, else a development key: .prost/dev.key of \
            the project, of the folder above it, or of this folder.
            """
    )
    var keyFile: String?

    /// The key given, else the development key of the project, made if there is none.
    func key(
        project folder: String,
        _ output: OutputOptions
    ) throws(CommandFailure) -> MinisignSecretKey {
        if let path = given { return try KeyFiles.secretKey(path) }
        let folder = folder.isEmpty ? "." : folder
        let own = SearchPathResolver.join(folder, ".prost/dev.key")
        let shared = SearchPathResolver.join(folder, "../.prost/dev.key")
        // The last is the one that a ring of `prost dev` in this folder trusts.
        for path in [own, shared, ".prost/dev.key"] where Files.exists(path) {
            return try KeyFiles.secretKey(path)
        }
        let key = try KeyFiles.generate()
        try Files.makeFolder(SearchPathResolver.folder(of: own))
        try KeyFiles.write(key, to: own, passphrase: nil)
        try Files.write(
            Array("*\n".utf8),
            to: SearchPathResolver.join(folder, ".prost/.gitignore")
        )
        output.note("made a development key without passphrase: \(own) (not for real rings)")
        return key
    }

    /// The key given; there is no default.
    func requiredKey() throws(CommandFailure) -> MinisignSecretKey {
        guard let path = given else {
            throw .usage("no key: --key-file or PROST_KEY_FILE is needed")
        }
        return try KeyFiles.secretKey(path)
    }

    private var given: String? {
        if let keyFile { return keyFile }
        let variable = ProcessInfo.processInfo.environment["PROST_KEY_FILE"] ?? ""
        return variable.isEmpty ? nil : variable
    }
}

/// Keys in minisign's format on disk.
enum KeyFiles {
    static func generate() throws(CommandFailure) -> MinisignSecretKey {
        do throws(CryptographyError) {
            return try MinisignSecretKey.generate()
        } catch { throw CommandFailure(code: .data, name: "key", message: "\(error)") }
    }

    static func secretKey(_ path: String) throws(CommandFailure) -> MinisignSecretKey {
        let file = try Files.read(path)
        do throws(MinisignError) {
            var passphrase: [UInt8]?
            if try MinisignSecretKey.needsPassphrase(file: file) {
                guard let typed = Terminal.passphrase("Passphrase of \(path): ") else {
                    throw MinisignError.passphraseNeeded
                }
                passphrase = typed
            }
            return try MinisignSecretKey(file: file, passphrase: passphrase)
        } catch {
            throw CommandFailure(code: .data, name: "key", message: "\(path): \(error)")
        }
    }

    /// A key file, or the line of one.
    static func publicKey(_ text: String) throws(CommandFailure) -> MinisignPublicKey {
        let isFile = text.hasSuffix(".pub") || Files.exists(text)
        let file = isFile ? try Files.read(text) : Array(text.utf8)
        do throws(MinisignError) {
            return try MinisignPublicKey(file: file)
        } catch {
            throw CommandFailure(code: .data, name: "key", message: "public key \(text): \(error)")
        }
    }

    /// Beside a secret key `x.key`, its public half is `x.pub`.
    static func publicPath(of path: String) -> String {
        (path.hasSuffix(".key") ? String(path.dropLast(4)) : path) + ".pub"
    }

    static func write(
        _ key: MinisignSecretKey,
        to path: String,
        passphrase: [UInt8]?
    ) throws(CommandFailure) {
        let file: [UInt8]
        do throws(MinisignError) {
            file = try key.file(passphrase: passphrase)
        } catch { throw CommandFailure(code: .data, name: "key", message: "\(error)") }
        try Files.write(file, to: path, isSecret: true)
        try Files.write(key.publicKey.file, to: publicPath(of: path))
    }
}
