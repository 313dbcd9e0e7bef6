internal import Cryptography
internal import KBR
internal import PeerletBytecode
internal import SansIO
package import Wire

extension Manifest: WireCodable {
    /// Largest encoded manifest, bytes.
    package static let byteLimit = 32 * 1024
    package static let replicaCounts: ClosedRange<UInt8> = 1...16

    package init(from reader: inout WireReader) throws(WireError) {
        name = try reader.prefixedText("name", limit: ApplicationName.maximumLength)
        guard ApplicationName.isValid(name) else {
            throw reader.error("name", .invalid("allowed are a-z 0-9 . _ -"))
        }
        version = try reader.u64("version")
        applicationType = try reader.choice("application type")
        rootKey = try reader.publicKey("root key")
        signerKey = try reader.publicKey("signer key")
        delegation =
            rootKey == signerKey ? nil : try Delegation(from: &reader)
        abiVersion = try reader.u16("ABI version")
        priceVersion = try reader.u16("price-table version")
        notBefore = try reader.time("not-before")
        expires = try reader.time("expires")
        if let notBefore, let expires, expires <= notBefore {
            throw reader.error("expires", .invalid("not after not-before"))
        }
        instanceClass = try reader.choice("instance class")
        storeClass = try reader.choice("store class")
        replicaCount = try reader.u8("replica count")
        guard Self.replicaCounts.contains(replicaCount) else {
            throw reader.error("replica count", .invalid("\(replicaCount) is not 1 to 16"))
        }
        limits = try LimitsAsked(from: &reader)
        imports = try reader.sortedNames("imports", limit: BytecodeLimits.imports)
        exports = try reader.sortedNames("exports", limit: BytecodeLimits.exports)
        codeDigest = try Identifier(from: &reader)
        codeLength = try reader.u32("code length")
    }

    package func encode(to writer: inout WireWriter) {
        writer.prefixedText(name)
        writer.u64(version)
        writer.u8(applicationType.rawValue)
        writer.raw(rootKey.raw)
        writer.raw(signerKey.raw)
        delegation?.encode(to: &writer)
        writer.u16(abiVersion)
        writer.u16(priceVersion)
        writer.time(notBefore)
        writer.time(expires)
        writer.u8(instanceClass.rawValue)
        writer.u8(storeClass.rawValue)
        writer.u8(replicaCount)
        limits.encode(to: &writer)
        writer.names(imports)
        writer.names(exports)
        codeDigest.encode(to: &writer)
        writer.u32(codeLength)
    }
}

extension Delegation: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        self.init(
            epoch: try reader.u64("delegation epoch"),
            expires: try reader.time("delegation expiry"),
            signature: try reader.bytes(PublicKey.signatureByteCount, "delegation signature")
        )
    }

    package func encode(to writer: inout WireWriter) {
        writer.u64(epoch)
        writer.time(expires)
        writer.raw(signature)
    }
}

extension Manifest.LimitsAsked: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        fuelPerUpcall = try reader.varint("fuel per upcall")
        fuelPerSecond = try reader.varint("fuel per second")
        memoryPages = try reader.varint32("memory pages")
        storeBytes = try reader.varint("store bytes")
        messagesPerSecond = try reader.varint32("messages per second")
        mailboxLength = try reader.varint32("mailbox length")
    }

    package func encode(to writer: inout WireWriter) {
        writer.varint(fuelPerUpcall)
        writer.varint(fuelPerSecond)
        writer.varint(UInt64(memoryPages))
        writer.varint(storeBytes)
        writer.varint(UInt64(messagesPerSecond))
        writer.varint(UInt64(mailboxLength))
    }
}

extension WireReader {
    fileprivate mutating func varint32(_ field: String) throws(WireError) -> UInt32 {
        UInt32(truncatingIfNeeded: try varint(field, limit: UInt64(UInt32.max)))
    }

    fileprivate mutating func choice<Choice: RawRepresentable<UInt8>>(
        _ field: String
    ) throws(WireError) -> Choice {
        let start = self
        let number = try u8(field)
        guard let choice = Choice(rawValue: number) else {
            throw start.error(field, .invalid("unknown value \(number)"))
        }
        return choice
    }

    mutating func publicKey(_ field: String) throws(WireError) -> PublicKey {
        let start = self
        guard let key = PublicKey(raw: try bytes(PublicKey.byteCount, field)) else {
            throw start.error(field, .invalid("not canonical or of small order"))
        }
        return key
    }

    /// Names of printable ASCII, strictly increasing by their bytes.
    fileprivate mutating func sortedNames(
        _ field: String,
        limit: Int
    ) throws(WireError) -> [String] {
        let count = try varint(field, limit: UInt64(limit))
        var names: [String] = []
        for _ in 0..<count {
            let start = self
            let name = try prefixedText(field, limit: BytecodeLimits.nameLength)
            guard !name.isEmpty, name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw start.error(field, .invalid("a name is 1 to 64 printable ASCII characters"))
            }
            if let last = names.last, !last.utf8.lexicographicallyPrecedes(name.utf8) {
                throw start.error(field, .notCanonical("\(name) after \(last)"))
            }
            names.append(name)
        }
        return names
    }
}

extension WireWriter {
    fileprivate mutating func names(_ names: [String]) {
        varint(UInt64(names.count))
        for name in names { prefixedText(name) }
    }
}
