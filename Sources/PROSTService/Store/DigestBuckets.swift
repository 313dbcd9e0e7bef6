internal import Foundation
internal import GRDB
internal import KBR
internal import PeerletRuntime

/// Sums of the rows of a space by the first byte of their keys, kept in the transaction that
/// writes the rows: the digest of an arc reads whole buckets and only the rows at its two ends
/// (`Spec/abi.md` §6.5).
struct DigestBuckets {
    private struct Bucket: Hashable {
        var space: Data
        var number: UInt8
    }

    static let schema = """
        CREATE TABLE bucket (
          space BLOB NOT NULL, number INTEGER NOT NULL, count INTEGER NOT NULL,
          sum BLOB NOT NULL, PRIMARY KEY (space, number));
        """

    /// Sums read or changed in this transaction.
    private var sums: [Bucket: RangeDigest] = [:]

    /// Takes the row's old version out and its new one in; nil: there was, or will be, none.
    mutating func replace(
        _ space: Data,
        _ key: [UInt8],
        _ old: ReplicaVersion?,
        by new: ReplicaVersion?,
        _ db: Database
    ) throws {
        let bucket = Bucket(space: space, number: key.first ?? 0)
        var sum = try sums[bucket] ?? Self.read(bucket, db)
        if let old { sum.remove(RangeDigest.term(key: key, version: old)) }
        if let new { sum.add(RangeDigest.term(key: key, version: new)) }
        sums[bucket] = sum
    }

    func write(to db: Database) throws {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO bucket (space, number, count, sum) VALUES (?, ?, ?, ?)
                ON CONFLICT (space, number) DO UPDATE SET count = excluded.count, sum = excluded.sum
                """
        )
        for (bucket, sum) in sums {
            try statement.execute(
                arguments: [
                    bucket.space, Int(bucket.number), Int64(bitPattern: sum.count),
                    Data(sum.sum.bytes),
                ])
        }
    }

    private static func read(_ bucket: Bucket, _ db: Database) throws -> RangeDigest {
        let statement = try db.cachedStatement(
            sql: "SELECT count, sum FROM bucket WHERE space = ? AND number = ?"
        )
        let row = try Row.fetchOne(statement, arguments: [bucket.space, Int(bucket.number)])
        return try row.map(decode) ?? RangeDigest()
    }

    private static func decode(_ row: Row) throws -> RangeDigest {
        var digest = RangeDigest()
        digest.count = UInt64(bitPattern: try row.value(0))
        let sum: Data = try row.value(1)
        guard let identifier = Identifier(bytes: sum) else {
            throw StoreError("a digest in the store is damaged")
        }
        digest.sum = identifier
        return digest
    }

    // MARK: Reading

    /// The digest of the keys strictly between the span's bounds.
    static func digest(_ space: Data, _ span: KeySpan, _ db: Database) throws -> RangeDigest {
        let first = span.lower.first.map(Int.init) ?? -1
        let last = span.upper.first.map(Int.init) ?? 0
        if first >= last { return try scan(space, span, db) }
        var total = RangeDigest()
        if first >= 0 {
            let end = [UInt8(truncatingIfNeeded: first + 1)]
            total.add(try scan(space, KeySpan(lower: span.lower, upper: end), db))
        }
        let whole = try db.cachedStatement(
            sql: "SELECT count, sum FROM bucket WHERE space = ? AND number > ? AND number < ?"
        )
        for row in try Row.fetchAll(whole, arguments: [space, first, last]) {
            total.add(try decode(row))
        }
        // Keys are not empty, so none equals a bucket's first byte alone and is left out: the
        // bound below sorts before every key that begins with `last`.
        let start =
            last == 0
            ? [] : [UInt8(truncatingIfNeeded: last - 1)] + [UInt8](repeating: 255, count: 97)
        total.add(try scan(space, KeySpan(lower: start, upper: span.upper), db))
        return total
    }

    private static func scan(
        _ space: Data,
        _ span: KeySpan,
        _ db: Database
    ) throws -> RangeDigest {
        let statement = try db.cachedStatement(
            sql: "SELECT key, counter, writer FROM row WHERE space = ? AND key > ? AND key < ?"
        )
        let rows = try Row.fetchCursor(
            statement,
            arguments: [space, Data(span.lower), Data(span.upper)]
        )
        var digest = RangeDigest()
        while let row = try rows.next() {
            let key: Data = try row.value(0)
            digest.add(
                RangeDigest.term(key: Array(key), version: try SQLiteStore.version(row, 1))
            )
        }
        return digest
    }
}
