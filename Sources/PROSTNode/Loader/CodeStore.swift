internal import Cryptography
internal import KBR
package import PeerletRuntime
internal import Wire

/// Rows of the node's own space that keep packages and floors over a restart
/// (`Spec/loading.md` §7).
package enum CodeStore {
    static let floorPrefix = Array("code/floor/".utf8)
    static let epochPrefix = Array("code/epoch/".utf8)
    static let indexPrefix = Array("code/index/".utf8)
    static let piecePrefix = Array("code/piece/".utf8)

    /// Bytes of a package in one row.
    static let pieceLength = WireLimits.storeValue

    static func pieceKey(_ digest: PackageDigest, _ index: Int) -> [UInt8] {
        let number = UInt16(truncatingIfNeeded: index)
        return piecePrefix + digest.bytes
            + [UInt8(truncatingIfNeeded: number >> 8), UInt8(truncatingIfNeeded: number)]
    }

    static func pieceCount(_ byteCount: Int) -> Int {
        (byteCount + pieceLength - 1) / pieceLength
    }

    private static func write(_ key: [UInt8], _ bytes: [UInt8]?) -> StoreWrite {
        StoreWrite(space: .node, key: key, value: bytes.map { StoredValue(bytes: $0) })
    }

    static func writes(package bytes: [UInt8], _ record: LoadRecord) -> [StoreWrite] {
        let pieces = (0..<pieceCount(bytes.count)).map { index in
            let start = index * pieceLength
            let end = min(start + pieceLength, bytes.count)
            return write(pieceKey(record.digest, index), Array(bytes[start..<end]))
        }
        return pieces + [write(indexPrefix + record.digest.bytes, record.wireBytes)]
    }

    static func removal(_ record: LoadRecord) -> [StoreWrite] {
        let pieces = (0..<pieceCount(Int(record.byteCount))).map { index in
            write(pieceKey(record.digest, index), nil)
        }
        return [write(indexPrefix + record.digest.bytes, nil)] + pieces
    }

    static func write(floor: CodeFloors.Version, of application: ApplicationID) -> StoreWrite {
        var writer = WireWriter(capacity: 40)
        writer.u64(floor.version)
        floor.digest.encode(to: &writer)
        return write(floorPrefix + application.identifier.bytes, writer.bytes)
    }

    static func write(epoch: UInt64, of root: PublicKey) -> StoreWrite {
        var writer = WireWriter(capacity: 8)
        writer.u64(epoch)
        return write(epochPrefix + root.raw, writer.bytes)
    }

    /// The bytes of a stored package; nil if a row is missing.
    static func package(
        _ record: LoadRecord,
        from reader: any StoreReader
    ) throws(StoreError) -> [UInt8]? {
        var bytes: [UInt8] = []
        for index in 0..<pieceCount(Int(record.byteCount)) {
            guard let row = try reader.value(.node, pieceKey(record.digest, index)) else {
                return nil
            }
            bytes += row.bytes
        }
        return bytes.count == Int(record.byteCount) ? bytes : nil
    }
}

/// What a restarted node knows of its code.
package struct StoredCode: Hashable, Sendable {
    package var floors = CodeFloors()
    /// In the order in which they were loaded.
    package var records: [LoadRecord] = []

    package init() {}

    /// Reads floors and index; a damaged row is an error, for a floor that is lost lets old
    /// versions in.
    package init(from reader: any StoreReader) throws(StoreError) {
        for row in try reader.nodeRows(startingWith: CodeStore.floorPrefix) {
            let id = row.key.dropFirst(CodeStore.floorPrefix.count)
            var fields = WireReader(row.value.bytes)
            guard let application = Identifier(bytes: id),
                let version = try? fields.u64("version floor"),
                let digest = try? PackageDigest(from: &fields), fields.isAtEnd
            else { throw StoreError("a version floor in the node's store is damaged") }
            _ = floors.raise(ApplicationID(application), .init(version: version, digest: digest))
        }
        for row in try reader.nodeRows(startingWith: CodeStore.epochPrefix) {
            let raw = Array(row.key.dropFirst(CodeStore.epochPrefix.count))
            var fields = WireReader(row.value.bytes)
            guard let root = PublicKey(raw: raw), let epoch = try? fields.u64("epoch floor"),
                fields.isAtEnd
            else { throw StoreError("an epoch floor in the node's store is damaged") }
            _ = floors.raise(root, epoch: epoch)
        }
        for row in try reader.nodeRows(startingWith: CodeStore.indexPrefix) {
            let digest = PackageDigest(bytes: row.key.dropFirst(CodeStore.indexPrefix.count))
            guard let record = try? LoadRecord(wireBytes: row.value.bytes, "code index"),
                record.digest == digest, Int(record.byteCount) <= WireLimits.package
            else { throw StoreError("the code index in the node's store is damaged") }
            records.append(record)
        }
        records.sort { ($0.loaded, $0.digest) < ($1.loaded, $1.digest) }
    }
}
