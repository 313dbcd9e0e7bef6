internal import Foundation
internal import GRDB
package import KBR
internal import PROSTNode
package import PeerletRuntime
internal import SansIO

/// The node's store on disk: SQLite in WAL mode with an fsync for every commit (`Spec/node.md` §7).
///
/// Reads see what is durable; batches become durable in order.
package final class SQLiteStore: StoreReader, Sendable {
    private let pool: DatabasePool

    /// Version of the table layout; a newer one is refused, an older one migrated.
    private static let schemaVersion = 1

    /// Opens or creates the database.
    ///
    /// Throws when it cannot be read, is damaged, or was written by a later version.
    package init(path: String) throws(StoreError) {
        do {
            var configuration = GRDB.Configuration()
            configuration.busyMode = .timeout(5)
            configuration.maximumReaderCount = 8
            configuration.prepareDatabase { db in
                try db.execute(sql: "PRAGMA cell_size_check = ON")
                try db.execute(sql: "PRAGMA trusted_schema = OFF")
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            try pool.writeWithoutTransaction { db in
                // GRDB sets NORMAL when it opens a pool, so FULL is set here, and checked.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
                    throw StoreError("SQLite does not sync every commit")
                }
            }
            try migrate()
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError("\(path): \(error)")
        }
    }

    private func migrate() throws {
        try pool.write { db in
            let version = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            guard version <= Self.schemaVersion else {
                throw StoreError(
                    "the store was written by a later version of prost (layout \(version))"
                )
            }
            if version == Self.schemaVersion { return }
            try db.execute(
                sql: """
                    CREATE TABLE row (
                      space BLOB NOT NULL, key BLOB NOT NULL, counter INTEGER NOT NULL,
                      writer BLOB NOT NULL, expires INTEGER, cache INTEGER NOT NULL,
                      user BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, key));
                    CREATE INDEX row_expires ON row (expires) WHERE expires IS NOT NULL;
                    \(DigestBuckets.schema)
                    PRAGMA user_version = 1;
                    """
            )
        }
    }

    /// Makes batches durable together, in order.
    package func commit(_ batches: [StoreBatch]) throws(StoreError) {
        do {
            try pool.write { db in
                let put = try db.cachedStatement(
                    sql: """
                        INSERT INTO row (space, key, counter, writer, expires, cache, user, value)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        ON CONFLICT (space, key) DO UPDATE SET counter = excluded.counter,
                          writer = excluded.writer, expires = excluded.expires,
                          cache = excluded.cache, user = excluded.user, value = excluded.value
                        """
                )
                let remove = try db.cachedStatement(
                    sql: "DELETE FROM row WHERE space = ? AND key = ?"
                )
                var buckets = DigestBuckets()
                for write in batches.lazy.flatMap(\.writes) {
                    let space = write.space.blob
                    let old = try Self.storedVersion(space, write.key, db)
                    try buckets.replace(space, write.key, old, by: write.value?.version, db)
                    guard let value = write.value else {
                        try remove.execute(arguments: [space, Data(write.key)])
                        continue
                    }
                    try put.execute(
                        arguments: [
                            space, Data(write.key), Int64(bitPattern: value.version.counter),
                            Data(value.version.writer.bytes),
                            value.expires.map { Int64(clamping: $0.milliseconds) },
                            value.isCache, Data(value.userBytes), Data(value.bytes),
                        ])
                }
                try buckets.write(to: db)
            }
        } catch {
            throw StoreError("\(error)")
        }
    }

    private static func storedVersion(
        _ space: Data,
        _ key: [UInt8],
        _ db: Database
    ) throws -> ReplicaVersion? {
        let statement = try db.cachedStatement(
            sql: "SELECT counter, writer FROM row WHERE space = ? AND key = ?"
        )
        return try Row.fetchOne(statement, arguments: [space, Data(key)])
            .map { try version($0, 0) }
    }

    /// Removes rows that expired before `time`, at most a thousand; gives how many there were.
    @discardableResult
    package func removeExpired(before time: UInt64) throws(StoreError) -> Int {
        do {
            return try pool.write { db -> Int in
                let expired = try Row.fetchAll(
                    db,
                    sql: "SELECT space, key, counter, writer FROM row WHERE expires < ? LIMIT 1000",
                    arguments: [Int64(clamping: time)]
                )
                var buckets = DigestBuckets()
                for row in expired {
                    let space: Data = try row.value(0)
                    let key: Data = try row.value(1)
                    try buckets.replace(
                        space,
                        Array(key),
                        try Self.version(row, 2),
                        by: nil,
                        db
                    )
                    try db.execute(
                        sql: "DELETE FROM row WHERE space = ? AND key = ?",
                        arguments: [space, key]
                    )
                }
                try buckets.write(to: db)
                return expired.count
            }
        } catch {
            throw StoreError("\(error)")
        }
    }

    package func close() throws(StoreError) {
        do { try pool.close() } catch { throw StoreError("\(error)") }
    }

    // MARK: Reading

    private func read<Value>(
        _ body: (Database) throws -> Value
    ) throws(StoreError) -> Value {
        do { return try pool.read(body) } catch { throw StoreError("\(error)") }
    }

    private static let columns = "key, counter, writer, expires, cache, user, value"

    package func value(_ space: StoreSpace, _ key: [UInt8]) throws(StoreError) -> StoredValue? {
        try read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT \(Self.columns) FROM row WHERE space = ? AND key = ?"
            )
            return try Row.fetchOne(statement, arguments: [space.blob, Data(key)])
                .map { try Self.decode($0).value }
        }
    }

    package func rows(
        _ space: StoreSpace,
        after key: [UInt8],
        descending: Bool,
        limit: Int
    ) throws(StoreError) -> [StoreRow] {
        try read { db in
            let (order, comparison) = descending ? ("DESC", "<") : ("ASC", ">")
            let statement = try db.cachedStatement(
                sql: """
                    SELECT \(Self.columns) FROM row WHERE space = ? AND key \(comparison) ?
                    ORDER BY key \(order) LIMIT ?
                    """
            )
            return try Row.fetchAll(statement, arguments: [space.blob, Data(key), limit])
                .map { try Self.decode($0) }
        }
    }

    package func digest(
        _ space: StoreSpace,
        in arc: RingInterval
    ) throws(StoreError) -> RangeDigest {
        try read { db in
            var total = RangeDigest()
            for span in KeySpan.spans(of: arc) {
                total.add(try DigestBuckets.digest(space.blob, span, db))
            }
            return total
        }
    }

    package func usage(_ space: StoreSpace) throws(StoreError) -> StoreUsage {
        try read { db in
            let statement = try db.cachedStatement(
                sql: """
                    SELECT cache, COUNT(*), SUM(LENGTH(key) + LENGTH(value)) FROM row
                    WHERE space = ? GROUP BY cache
                    """
            )
            var usage = StoreUsage()
            for row in try Row.fetchAll(statement, arguments: [space.blob]) {
                let count: Int64 = try row.value(1)
                let bytes: Int64 = try row.value(2)
                let charged =
                    UInt64(clamping: bytes)
                    &+ UInt64(clamping: count) &* UInt64(StoredValue.rowOverhead)
                usage.rows &+= UInt64(clamping: count)
                if try row.value(0) {
                    usage.cacheBytes &+= charged
                } else {
                    usage.durableBytes &+= charged
                }
            }
            return usage
        }
    }

    static func version(_ row: Row, _ column: Int) throws -> ReplicaVersion {
        let writer: Data = try row.value(column + 1)
        guard let id = Identifier(bytes: writer) else {
            throw StoreError("a row's version is damaged")
        }
        return ReplicaVersion(counter: UInt64(bitPattern: try row.value(column)), writer: id)
    }

    private static func decode(_ row: Row) throws -> StoreRow {
        let key: Data = try row.value(0)
        let expires: Int64? = try row.optional(3)
        let user: Data = try row.value(5)
        let bytes: Data = try row.value(6)
        return StoreRow(
            key: Array(key),
            value: StoredValue(
                version: try version(row, 1),
                expires: expires.map { WallTime(milliseconds: UInt64(clamping: $0)) },
                isCache: try row.value(4),
                userBytes: Array(user),
                bytes: Array(bytes)
            )
        )
    }
}

extension StoreSpace {
    /// The space's column: empty for the node's own.
    fileprivate var blob: Data {
        switch self {
        case .node: Data()
        case .application(let id): Data(id.identifier.bytes)
        }
    }
}

// A damaged file may hold any type in any column, where GRDB's own subscripts would trap.
extension Row {
    func value<T: DatabaseValueConvertible>(_ column: Int) throws -> T {
        guard let value: T = try optional(column) else { throw Self.damaged }
        return value
    }

    /// Nil for NULL.
    func optional<T: DatabaseValueConvertible>(_ column: Int) throws -> T? {
        let stored: DatabaseValue = self[column]
        if stored.isNull { return nil }
        guard let value = T.fromDatabaseValue(stored) else { throw Self.damaged }
        return value
    }

    private static var damaged: StoreError { StoreError("a row of the store is damaged") }
}
