internal import ArgumentParser
internal import Cryptography
internal import Foundation
internal import KBR
internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletVM
internal import SansIO
internal import Wire

struct BuildCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Assemble, verify, package and sign.",
        discussion: """
            Examples:
              prost-asm build hello         writes hello.peerlet and hello.srcmap
              prost-asm build hello -o out/h.peerlet --key-file release.key
              prost-asm build hello --key-file ci.key --delegation ci.delegation
              prost-asm disasm hello.peerlet | prost-asm build - -o copy.peerlet
            """
    )

    @OptionGroup var source: SourceOptions
    @Option(name: .shortAndLong, help: "Package to write; default NAME.peerlet.")
    var out: String?
    @OptionGroup var signing: SigningOptions
    @OptionGroup var delegation: DelegationOptions
    @OptionGroup var output: OutputOptions

    func execute() throws(CommandFailure) {
        let (assembled, draft) = try source.assemblePackage(output, failing: .data)
        // What comes through a pipe or device has no project around it.
        let isFile = Files.isFile(assembled.path)
        let folder = isFile ? SearchPathResolver.folder(of: assembled.path) : ""
        let key = try signing.key(project: folder, output)
        let bytes = try Packages.build(
            draft,
            assembled.program.image,
            key.key,
            try delegation.authority(of: key.publicKey.key, output)
        )
        let path = out ?? "\(draft.name).peerlet"
        let becomesFile = Files.becomesFile(path)
        try Files.write(bytes, to: path)
        let package = try Packages.inspect(bytes, path)
        var mapPath: String?
        if becomesFile {
            let map = Packages.sourceMapPath(of: path)
            var debugInfo = assembled.result.debugInfo
            debugInfo.codeDigest = package.manifest.codeDigest.bytes
            try Files.write(debugInfo.wireBytes, to: map)
            mapPath = map
        }
        report(package, path, mapPath, assembled)
    }

    private struct Report: Encodable {
        let package: PackageRecord
        let path: String
        let sourceMap: String?
        let warnings: [DiagnosticRecord]
    }

    private func report(
        _ package: SignedPackage,
        _ path: String,
        _ mapPath: String?,
        _ assembled: AssembledProgram
    ) {
        if output.json {
            output.printJSON(
                Report(
                    package: PackageRecord(package),
                    path: path,
                    sourceMap: mapPath,
                    warnings: assembled.result.diagnostics.map(DiagnosticRecord.init)
                ),
                besides: path
            )
        } else {
            let manifest = package.manifest
            output.result(
                """
                \(manifest.name) \(Packages.version(manifest.version))  \(path)  \(package.bytes.count) bytes
                app     \(package.applicationText ?? "")
                digest  sha256:\(Hexadecimal.text(package.digest))
                """,
                besides: path
            )
        }
    }
}

extension PeerletPackage.ManifestDraft {
    /// What the source's directives say.
    init(name: String, _ directives: ManifestDirectives) {
        self.init(name: name, version: directives.version)
        applicationType = directives.applicationType == .perHop ? .perHop : .endNode
        instanceClass = directives.instanceClass == .keyed ? .keyed : .node
        storeClass =
            switch directives.storeClass {
            case .none: .none
            case .overlay: .overlay
            case .consistent: .consistent
            }
        replicaCount = directives.replicaCount
        notBefore = Self.time(directives.notBefore)
        expires = Self.time(directives.expires)
        limits.fuelPerUpcall = directives.fuelPerUpcall
        limits.fuelPerSecond = directives.fuelPerSecond
        limits.memoryPages = directives.memoryPages
        limits.storeBytes = directives.storeBytes
        limits.messagesPerSecond = directives.messagesPerSecond
        limits.mailboxLength = directives.mailbox
    }

    private static func time(_ milliseconds: UInt64) -> WallTime? {
        milliseconds == 0 ? nil : WallTime(milliseconds: milliseconds)
    }
}

extension ManifestDirectives {
    /// What a package says, as directives.
    init(_ manifest: Manifest) {
        self.init()
        name = manifest.name
        version = manifest.version
        applicationType = manifest.applicationType == .perHop ? .perHop : .endNode
        instanceClass = manifest.instanceClass == .keyed ? .keyed : .node
        storeClass =
            switch manifest.storeClass {
            case .none: .none
            case .overlay: .overlay
            case .consistent: .consistent
            }
        replicaCount = manifest.replicaCount
        notBefore = manifest.notBefore?.milliseconds ?? 0
        expires = manifest.expires?.milliseconds ?? 0
        fuelPerUpcall = manifest.limits.fuelPerUpcall
        fuelPerSecond = manifest.limits.fuelPerSecond
        memoryPages = manifest.limits.memoryPages
        storeBytes = manifest.limits.storeBytes
        messagesPerSecond = manifest.limits.messagesPerSecond
        mailbox = manifest.limits.mailboxLength
    }
}
