import Cryptography
import Foundation
import PeerletAssembler
import PeerletPackage
import SansIO
import Testing

/// A peerlet of this repository, assembled and signed as `prost-asm build` would.
struct Peerlet {
    let name: String
    let package: [UInt8]

    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "PeerletASM")

    /// The provider of all peerlets under test.
    static let provider = try? PrivateKey(seed: [UInt8](repeating: 42, count: 32))

    init(_ path: String) throws {
        let file = Self.folder.appending(path: path)
        let library = Self.folder.appending(path: "lib").path()
        let resolver = SearchPathResolver(folders: [library]) { path in
            guard let data = try? Data(contentsOf: URL(filePath: path)) else { return .missing }
            return .bytes(Array(data))
        }
        let result = Assembler.assemble(
            main: SourceFile(path: file.path(), bytes: Array(try Data(contentsOf: file))),
            resolver: resolver
        )
        let renderer = DiagnosticRenderer(usesColor: false)
        let report = result.diagnostics.map { renderer.human($0) }.joined(separator: "\n")
        let assembled = result.image
        let image = try #require(assembled, "\(report)")
        let directives = result.manifest
        name = try #require(directives.name)
        var draft = ManifestDraft(name: name, version: directives.version)
        draft.applicationType = directives.applicationType == .perHop ? .perHop : .endNode
        draft.instanceClass = directives.instanceClass == .keyed ? .keyed : .node
        draft.storeClass =
            switch directives.storeClass {
            case .none: .none
            case .overlay: .overlay
            case .consistent: .consistent
            }
        draft.replicaCount = directives.replicaCount
        draft.limits.fuelPerUpcall = directives.fuelPerUpcall
        draft.limits.fuelPerSecond = directives.fuelPerSecond
        draft.limits.memoryPages = directives.memoryPages
        draft.limits.storeBytes = directives.storeBytes
        draft.limits.messagesPerSecond = directives.messagesPerSecond
        draft.limits.mailboxLength = directives.mailbox
        let signer = try #require(Self.provider)
        package = try PackageWriter.build(draft, image: image, signer: signer)
    }
}
