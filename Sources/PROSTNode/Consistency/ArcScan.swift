package import KBR
package import PeerletRuntime
internal import Wire

/// Rows of a ring-keyed store in the order of an arc: clockwise from its lower bound by the ring
/// position in their first 32 key bytes, then by the rest of the key (`Spec/consistency.md` §3.1).
package enum ArcScan {
    /// The ring position of a row; nil for a key too short to have one.
    package static func position(_ key: [UInt8]) -> Identifier? {
        Identifier(bytes: key.prefix(Identifier.byteCount))
    }

    /// Whether row key `left` comes before `right` in an arc that begins after `lower`.
    static func precedes(_ left: [UInt8], _ right: [UInt8], from lower: Identifier) -> Bool {
        guard let a = position(left), let b = position(right) else { return false }
        // The point after `lower` is at distance 0, `lower` itself (whole circle) comes last.
        let first = lower &+ .powerOfTwo(0)
        let (x, y) = (a &- first, b &- first)
        return x == y ? left.lexicographicallyPrecedes(right) : x < y
    }

    /// The page of `arc` after row key `after` (nil: from its start), for `Effect.readRows`.
    package static func page(
        of store: some StoreReader,
        _ space: StoreSpace,
        _ arc: RingInterval,
        after: [UInt8]?
    ) throws(StoreError) -> RowPage {
        var page = RowPage(rows: [], hasMore: false)
        var bytes = 0
        for span in spans(of: arc, after: after) {
            var cursor = span.after
            while true {
                let rows = try store.rows(space, after: cursor, descending: false, limit: 32)
                guard let last = rows.last else { break }
                for row in rows {
                    guard let point = position(row.key) else { continue }
                    if point > span.through { break }
                    if page.rows.count >= RangeMessage.pageRows || bytes >= RangeMessage.pageBytes {
                        page.hasMore = true
                        return page
                    }
                    page.rows.append(row)
                    bytes += row.key.count + row.value.bytes.count
                }
                guard let point = position(last.key) else {
                    cursor = last.key
                    continue
                }
                if point > span.through { break }
                cursor = last.key
            }
        }
        return page
    }

    /// The arc as one or two spans of linear key order, each after a key through a position.
    private static func spans(
        of arc: RingInterval,
        after: [UInt8]?
    ) -> [(after: [UInt8], through: Identifier)] {
        let end = Identifier.zero &- .powerOfTwo(0)
        // Greater than every key at `lower`, less than every key beyond.
        let filler = [UInt8](repeating: 0xFF, count: WireLimits.storeKey - Identifier.byteCount)
        let start = arc.lower.bytes + filler
        guard arc.upper <= arc.lower else { return [(after ?? start, arc.upper)] }
        if let after, let point = position(after), point <= arc.lower {
            return [(after, arc.upper)]
        }
        return [(after ?? start, end), ([], arc.upper)]
    }
}
