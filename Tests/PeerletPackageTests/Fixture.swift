import Cryptography
import KBR
import PeerletBytecode
import PeerletPackage
import SansIO
import Wire

/// Keys, a program and packages that the tests start from.
enum Fixture {
    static let now = WallTime(milliseconds: 1_800_000_000_000)
    static let root = try! PrivateKey(seed: [UInt8](repeating: 0x11, count: 32))
    static let signer = try! PrivateKey(seed: [UInt8](repeating: 0x22, count: 32))
    static let stranger = try! PrivateKey(seed: [UInt8](repeating: 0x33, count: 32))

    static func hours(_ count: Int) -> WallTime {
        WallTime(milliseconds: UInt64(Int(now.milliseconds) + count * 3_600_000))
    }

    /// `deliver` returns 0; imports are out of order on purpose.
    static var image: ProgramImage {
        var image = ProgramImage()
        image.imports = [
            .init(name: "time.now", parameterCount: 1), .init(name: "kbr.self", parameterCount: 1),
        ]
        let code = [Instruction(.const, .constant(0)), Instruction(.ret)]
            .flatMap(InstructionEncoder.encode)
        image.functions = [.init(parameterCount: 1, resultCount: 1, localCount: 0, code: code)]
        image.exports = [.init(name: "init", function: 0), .init(name: "deliver", function: 0)]
        return image
    }

    static var draft: ManifestDraft {
        var draft = ManifestDraft(name: "dht", version: 7)
        draft.notBefore = hours(-1)
        draft.expires = hours(1)
        draft.instanceClass = .keyed
        draft.storeClass = .consistent
        draft.limits.fuelPerUpcall = 1_000_000
        draft.limits.fuelPerSecond = 50_000_000
        draft.limits.memoryPages = 64
        draft.limits.storeBytes = 1 << 30
        draft.limits.messagesPerSecond = 300
        draft.limits.mailboxLength = 128
        return draft
    }

    static func authority(
        for key: PrivateKey = signer,
        epoch: UInt64 = 5,
        expires: WallTime? = hours(2)
    ) throws -> SigningAuthority {
        SigningAuthority(
            rootKey: root.publicKey,
            delegation: try .issue(
                root: root,
                signer: key.publicKey,
                epoch: epoch,
                expires: expires
            )
        )
    }

    /// Signed by the root itself.
    static func plain() throws -> [UInt8] {
        try PackageWriter.build(ManifestDraft(name: "a", version: 1), image: image, signer: root)
    }

    static func delegated(_ change: (inout ManifestDraft) -> Void = { _ in }) throws -> [UInt8] {
        var draft = draft
        change(&draft)
        return try PackageWriter.build(draft, image: image, signer: signer, authority: authority())
    }

    /// A package of any manifest and code, signed by `key`: what a hostile author can make.
    static func forged(
        _ change: (inout Manifest) -> Void,
        code: [UInt8]? = nil,
        key: PrivateKey = signer
    ) throws -> [UInt8] {
        let original = try PackageReader.inspect(delegated())
        var manifest = original.manifest
        let code = code ?? original.code
        manifest.codeDigest = .key(of: code)
        manifest.codeLength = UInt32(code.count)
        change(&manifest)
        return try signed([(1, manifest.wireBytes), (2, code)], key: key)
    }

    /// Header, the sections, and a right signature over them.
    static func signed(
        _ sections: [(UInt8, [UInt8])],
        magic: [UInt8] = [0, 0x50, 0x52, 0x53, 0x54, 0, 1],
        key: PrivateKey = signer
    ) throws -> [UInt8] {
        var writer = WireWriter()
        writer.raw(magic)
        for (id, body) in sections {
            writer.u8(id)
            writer.prefixedBytes(body)
        }
        let signature = try key.signature(of: SHA256.digest(writer.bytes), for: .package)
        writer.u8(126)
        writer.prefixedBytes(signature)
        return writer.bytes
    }
}
