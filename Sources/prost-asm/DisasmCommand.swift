internal import ArgumentParser
internal import Cryptography
internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletVM
internal import Wire

struct DisasmCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "disasm",
        abstract: "Print a package's program as text that builds to the same code.",
        discussion: "Example: prost-asm disasm hello.peerlet | prost-asm build - -o copy.peerlet"
    )

    @Argument(help: "Package; - for standard input.")
    var file: String

    @OptionGroup var output: OutputOptions

    private struct Report: Encodable { let text: String }

    func execute() throws(CommandFailure) {
        let package = try Packages.inspect(try Files.read(file), file)
        let image = try Packages.image(package, file, output)
        let text: String
        do throws(InstructionError) {
            text = try Disassembler.text(
                for: image,
                manifest: ManifestDirectives(package.manifest),
                names: Packages.sourceMap(of: file, package, output)
            )
        } catch { throw CommandFailure(code: .data, name: "code", message: "\(file): \(error)") }
        if output.json {
            output.printJSON(Report(text: text))
        } else {
            print(text, terminator: "")
        }
    }
}

struct InspectCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show a package: manifest, capabilities, limits asked, signer.",
        discussion: "Example: prost-asm inspect hello.peerlet --json"
    )

    @Argument(help: "Package; - for standard input.")
    var file: String

    @OptionGroup var output: OutputOptions

    func execute() throws(CommandFailure) {
        let package = try Packages.inspect(try Files.read(file), file)
        _ = try Packages.image(package, file, output)
        let record = PackageRecord(package)
        if output.json { return output.printJSON(record) }
        let limits = record.limits
        let validity = [
            package.manifest.notBefore.map { "from \($0)" },
            package.manifest.expires.map { "until \($0)" },
        ].compactMap { $0 }.joined(separator: " ")
        let rows: [(String, String)] = [
            ("name", "\(record.name) \(record.version)"),
            ("app", record.applicationID ?? ""),
            ("digest", record.digest),
            (
                "type",
                "\(record.applicationType), instance \(record.instanceClass), store \(record.storeClass)"
            ),
            ("replicas", "\(record.replicaCount)"),
            ("root key", record.rootKey),
            ("signer", signer(package.manifest)),
            ("versions", "ABI \(record.abiVersion), prices \(record.priceVersion)"),
            ("valid", validity.isEmpty ? "always" : validity),
            ("imports", record.imports.joined(separator: " ")),
            ("exports", record.exports.joined(separator: " ")),
            ("fuel", "\(limits.fuelPerUpcall) per upcall, \(limits.fuelPerSecond) per second"),
            ("memory", "\(limits.memoryPages) pages of 4 KiB"),
            ("store", "\(limits.storeBytes) bytes"),
            ("messages", "\(limits.messagesPerSecond) per second, \(limits.mailbox) waiting"),
            ("size", "\(record.bytes) bytes, \(record.codeBytes) of code section"),
            ("signature", "valid"),
        ]
        for (name, value) in rows {
            print(name + String(repeating: " ", count: 11 - name.count) + value)
        }
    }

    private func signer(_ manifest: Manifest) -> String {
        guard let delegation = manifest.delegation else { return "the root key" }
        return "\(Hexadecimal.text(manifest.signerKey.raw)), delegated in epoch "
            + "\(delegation.epoch), \(ExpiryOptions.text(delegation.expires))"
    }
}
