internal import ArgumentParser
internal import Cryptography

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make signing keys, compatible with minisign, and let them sign for others.",
        subcommands: [New.self, DelegateCommand.self]
    )

    struct New: FileCommand {
        static let configuration = CommandConfiguration(
            commandName: "new",
            abstract: "Make a key pair.",
            discussion:
                "Example: prost-asm key new release.key   (writes release.key and release.pub)"
        )

        @Argument(help: "Secret key file to write; the public key goes beside it.")
        var path = "prost.key"

        @Flag(help: "Do not protect the key: for development and machines.")
        var noPassphrase = false

        @Flag(help: "Replace an existing key.")
        var force = false

        @OptionGroup var output: OutputOptions

        private struct Report: Encodable {
            let secretKey: String
            let publicKey: String
            let keyID: String
            let line: String
        }

        func execute() throws(CommandFailure) {
            guard path != "-" else { throw .usage("a key pair needs the name of a file") }
            if Files.exists(path), !force {
                throw CommandFailure(
                    code: .cannotCreate,
                    name: "exists",
                    message: "\(path) exists",
                    hint: "--force replaces it; what it signed cannot be updated with another key"
                )
            }
            var passphrase: [UInt8]?
            if !noPassphrase {
                guard let first = Terminal.passphrase("New passphrase: "),
                    let second = Terminal.passphrase("Again: ")
                else {
                    throw .usage("no terminal to ask for a passphrase", hint: "or --no-passphrase")
                }
                guard first == second else { throw .usage("the passphrases differ") }
                guard !first.isEmpty else {
                    throw .usage("an empty passphrase protects nothing", hint: "or --no-passphrase")
                }
                passphrase = first
            }
            let key = try KeyFiles.generate()
            try KeyFiles.write(key, to: path, passphrase: passphrase)
            let publicPath = KeyFiles.publicPath(of: path)
            output.result("wrote \(path) (secret) and \(publicPath)\n\(key.publicKey.line)")
            if output.json {
                output.printJSON(
                    Report(
                        secretKey: path,
                        publicKey: publicPath,
                        keyID: "\(key.id)",
                        line: key.publicKey.line
                    )
                )
            }
        }
    }
}
