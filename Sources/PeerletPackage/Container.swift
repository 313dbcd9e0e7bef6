internal import Cryptography
internal import PeerletBytecode
internal import Wire

/// The sections of a package as bytes (`Spec/package.md` §2); nothing in them was believed yet.
struct Container {
    static let magic: [UInt8] = [0x00, 0x50, 0x52, 0x53, 0x54]
    static let version: UInt16 = 1

    enum Section: UInt8, CaseIterable {
        case manifest = 1
        case code = 2
        case signature = 126

        var name: String {
            switch self {
            case .manifest: "manifest section"
            case .code: "code section"
            case .signature: "signature section"
            }
        }

        var lengths: ClosedRange<Int> {
            switch self {
            case .manifest: 1...Manifest.byteLimit
            case .code: 1...BytecodeLimits.image
            case .signature: PublicKey.signatureByteCount...PublicKey.signatureByteCount
            }
        }
    }

    var manifest: [UInt8]
    var code: [UInt8]
    var signature: [UInt8]
    /// How many bytes the signature covers: all before its section.
    var signedCount: Int

    init(_ bytes: [UInt8]) throws(WireError) {
        var reader = WireReader(bytes)
        guard try reader.bytes(Self.magic.count, "magic") == Self.magic else {
            throw WireError(field: "magic", offset: 0, reason: .invalid("not a peerlet package"))
        }
        let version = try reader.u16("container version")
        guard version == Self.version else {
            throw WireError(
                field: "container version",
                offset: Self.magic.count,
                reason: .invalid("unknown version \(version)")
            )
        }
        // All three sections are there exactly once and in this order; an unknown, repeated or
        // displaced one fails at its id.
        manifest = try Self.section(.manifest, from: &reader)
        code = try Self.section(.code, from: &reader)
        signedCount = reader.offset
        signature = try Self.section(.signature, from: &reader)
        try reader.expectEnd("package")
    }

    private static func section(
        _ section: Section,
        from reader: inout WireReader
    ) throws(WireError) -> [UInt8] {
        let start = reader
        let id = try reader.u8("section id")
        guard id == section.rawValue else {
            throw start.error("section id", .invalid("found \(id), expected \(section.rawValue)"))
        }
        let length = try reader.varint(section.name, limit: UInt64(section.lengths.upperBound))
        guard length >= UInt64(section.lengths.lowerBound) else {
            throw start.error(section.name, .invalid("\(length) bytes are too few"))
        }
        return try reader.bytes(Int(length), section.name)
    }

    /// What is signed: everything before the signature section.
    static func signedPart(manifest: [UInt8], code: [UInt8]) -> [UInt8] {
        var writer = WireWriter(capacity: manifest.count + code.count + 32)
        writer.raw(magic)
        writer.u16(version)
        writer.section(.manifest, manifest)
        writer.section(.code, code)
        return writer.bytes
    }

    static func whole(signedPart: [UInt8], signature: [UInt8]) -> [UInt8] {
        var writer = WireWriter(capacity: signedPart.count + signature.count + 4)
        writer.raw(signedPart)
        writer.section(.signature, signature)
        return writer.bytes
    }
}

extension WireWriter {
    fileprivate mutating func section(_ section: Container.Section, _ body: [UInt8]) {
        u8(section.rawValue)
        prefixedBytes(body)
    }
}
