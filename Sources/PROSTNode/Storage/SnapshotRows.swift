internal import Cryptography
package import KBR
package import PeerletRuntime
internal import Wire

/// What an instance wrote of itself with `snapshot` (`Spec/node.md` §4.4).
package struct InstanceSnapshot: Hashable, Sendable {
    /// Of the package that wrote it, which need not be the one that reads it.
    package var version: UInt64
    package var parts: [[UInt8]]

    package init(version: UInt64, parts: [[UInt8]]) {
        self.version = version
        self.parts = parts
    }

    var extent: SnapshotExtent {
        let bytes = parts.reduce(0) { $0 + $1.count }
        return SnapshotExtent(
            parts: parts.count,
            charge: UInt64(bytes + parts.count * SnapshotLimits.partOverhead)
        )
    }
}

/// How much of the disk a snapshot has.
struct SnapshotExtent: Hashable, Sendable {
    var parts = 0
    /// Bytes charged to the application's storage.
    var charge: UInt64 = 0
}

/// What the disk holds of an instance.
package enum StoredSnapshot: Hashable, Sendable {
    case absent
    /// Not what was written: nothing of it is used.
    case damaged
    case whole(InstanceSnapshot)
}

/// Rows of the node's own space that keep snapshots over a restart (`Spec/node.md` §7).
package enum SnapshotRows {
    static let headPrefix = Array("snapshot/head/".utf8)
    static let partPrefix = Array("snapshot/part/".utf8)

    private static func name(_ id: InstanceID) -> [UInt8] {
        id.application.identifier.bytes + (id.key ?? .zero).bytes
    }

    private static func partKey(_ id: InstanceID, _ index: Int) -> [UInt8] {
        partPrefix + name(id) + [UInt8(truncatingIfNeeded: index)]
    }

    /// Puts a snapshot in the place of the former one; nil, or one without parts, only removes.
    static func writes(
        _ snapshot: InstanceSnapshot?,
        of id: InstanceID,
        replacing old: SnapshotExtent
    ) -> [StoreWrite] {
        let parts = snapshot?.parts ?? []
        guard !parts.isEmpty || old.parts > 0 else { return [] }
        let head = parts.isEmpty ? nil : snapshot.map { SnapshotHead($0).wireBytes }
        return [NodeRows.write(headPrefix + name(id), head)]
            + (0..<max(parts.count, old.parts)).map { index in
                NodeRows.write(partKey(id, index), index < parts.count ? parts[index] : nil)
            }
    }

    /// The snapshot of an instance as the disk has it.
    package static func read(
        _ id: InstanceID,
        from reader: any StoreReader
    ) throws(StoreError) -> StoredSnapshot {
        guard let row = try reader.value(.node, headPrefix + name(id)) else { return .absent }
        guard let head = try? SnapshotHead(wireBytes: row.bytes, "snapshot") else {
            return .damaged
        }
        var parts: [[UInt8]] = []
        for index in 0..<Int(head.parts) {
            guard let row = try reader.value(.node, partKey(id, index)) else { return .damaged }
            parts.append(row.bytes)
        }
        let snapshot = InstanceSnapshot(version: head.version, parts: parts)
        return SnapshotHead(snapshot) == head ? .whole(snapshot) : .damaged
    }
}

/// First row of a snapshot: tells whether the others are what was written.
private struct SnapshotHead: Hashable, WireCodable {
    var version: UInt64
    var parts: UInt8
    var byteCount: UInt32
    /// SHA-256 over the parts, each with its length.
    var digest: [UInt8]

    init(_ snapshot: InstanceSnapshot) {
        version = snapshot.version
        parts = UInt8(clamping: snapshot.parts.count)
        byteCount = UInt32(clamping: snapshot.parts.reduce(0) { $0 + $1.count })
        var writer = WireWriter()
        for part in snapshot.parts { writer.prefixedBytes(part) }
        digest = SHA256.digest(writer.bytes)
    }

    init(from reader: inout WireReader) throws(WireError) {
        version = try reader.u64("package version")
        let start = reader
        parts = try reader.u8("parts")
        guard parts >= 1, Int(parts) <= SnapshotLimits.parts else {
            throw start.error("parts", .invalid("\(parts) is not 1 to \(SnapshotLimits.parts)"))
        }
        byteCount = try reader.u32("bytes")
        digest = try reader.bytes(SHA256.byteCount, "digest")
    }

    func encode(to writer: inout WireWriter) {
        writer.u64(version)
        writer.u8(parts)
        writer.u32(byteCount)
        writer.raw(digest)
    }

    var charge: UInt64 { UInt64(byteCount) + UInt64(parts) * UInt64(SnapshotLimits.partOverhead) }
}

extension StoreReader {
    /// What is charged to an application's storage: its rows, and its instances' snapshots.
    package func usage(of application: ApplicationID) throws(StoreError) -> StoreUsage {
        var usage = try usage(.application(application))
        let prefix = SnapshotRows.headPrefix + application.identifier.bytes
        for row in try nodeRows(startingWith: prefix) {
            guard let head = try? SnapshotHead(wireBytes: row.value.bytes, "snapshot") else {
                continue
            }
            let (sum, overflow) = usage.durableBytes.addingReportingOverflow(head.charge)
            usage.durableBytes = overflow ? .max : sum
        }
        return usage
    }
}
