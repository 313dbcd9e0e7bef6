internal import KBR

/// The rows of one space in key order, in chunks that keep their own sums: inserting moves at most
/// one chunk, and the digest of an arc hashes nothing.
struct OrderedRows: Sendable {
    private struct Entry: Sendable {
        var key: [UInt8]
        var value: StoredValue
        var term: Identifier
    }

    private struct Chunk: Sendable {
        var entries: [Entry] = []
        var digest = RangeDigest()
    }

    /// Entries at which a chunk is split.
    private static let chunkLimit = 256

    /// Never an empty chunk.
    private var chunks: [Chunk] = []
    private(set) var usage = StoreUsage()

    subscript(key: [UInt8]) -> StoredValue? {
        let place = position(of: key)
        return place.isFound ? chunks[place.chunk].entries[place.entry].value : nil
    }

    mutating func set(_ key: [UInt8], _ value: StoredValue) {
        let place = position(of: key)
        if place.isFound { remove(at: place) }
        let entry = Entry(
            key: key,
            value: value,
            term: RangeDigest.term(key: key, version: value.version)
        )
        usage.add(key, value)
        // Removing may have emptied and dropped the chunk, so the place is looked up anew.
        insert(entry, at: place.isFound ? position(of: key) : place)
    }

    mutating func remove(_ key: [UInt8]) {
        let place = position(of: key)
        if place.isFound { remove(at: place) }
    }

    /// Up to `limit` rows after `key`, or before it.
    func rows(after key: [UInt8], descending: Bool, limit: Int) -> [StoreRow] {
        var result: [StoreRow] = []
        var place = position(of: key)
        if !descending, place.isFound { place.entry += 1 }
        while result.count < limit, place.chunk < chunks.count {
            let entries = chunks[place.chunk].entries
            if descending {
                place.entry -= 1
                if place.entry < 0 {
                    place.chunk -= 1
                    if place.chunk < 0 { break }
                    place.entry = chunks[place.chunk].entries.count
                    continue
                }
            } else if place.entry >= entries.count {
                place.chunk += 1
                place.entry = 0
                continue
            }
            let entry = entries[place.entry]
            result.append(StoreRow(key: entry.key, value: entry.value))
            if !descending { place.entry += 1 }
        }
        return result
    }

    func digest(in arc: RingInterval) -> RangeDigest {
        var total = RangeDigest()
        for span in KeySpan.spans(of: arc) { total.add(digest(in: span)) }
        return total
    }

    private func digest(in span: KeySpan) -> RangeDigest {
        var total = RangeDigest()
        var index = position(of: span.lower).chunk
        while index < chunks.count {
            let chunk = chunks[index]
            guard let first = chunk.entries.first, let last = chunk.entries.last else { break }
            if !StoreKeys.isBefore(first.key, span.upper) { break }
            if span.contains(first.key), span.contains(last.key) {
                total.add(chunk.digest)
            } else {
                for entry in chunk.entries where span.contains(entry.key) { total.add(entry.term) }
            }
            index += 1
        }
        return total
    }

    private struct Place {
        var chunk: Int
        var entry: Int
        var isFound: Bool
    }

    /// Where `key` is, or where it belongs: in the last chunk that starts at or before it.
    private func position(of key: [UInt8]) -> Place {
        let after = chunks.partitioningIndex { StoreKeys.isBefore(key, $0.entries[0].key) }
        let chunk = max(after - 1, 0)
        guard chunk < chunks.count else { return Place(chunk: 0, entry: 0, isFound: false) }
        let entries = chunks[chunk].entries
        let entry = entries.partitioningIndex { !StoreKeys.isBefore($0.key, key) }
        let isFound = entry < entries.count && entries[entry].key == key
        return Place(chunk: chunk, entry: entry, isFound: isFound)
    }

    private mutating func insert(_ entry: Entry, at place: Place) {
        if chunks.isEmpty { chunks.append(Chunk()) }
        chunks[place.chunk].digest.add(entry.term)
        chunks[place.chunk].entries.insert(entry, at: place.entry)
        if chunks[place.chunk].entries.count > Self.chunkLimit { split(place.chunk) }
    }

    private mutating func split(_ index: Int) {
        let entries = chunks[index].entries
        let middle = entries.count / 2
        var upper = Chunk()
        upper.entries = Array(entries[middle...])
        for entry in upper.entries {
            upper.digest.add(entry.term)
            chunks[index].digest.remove(entry.term)
        }
        chunks[index].entries.removeSubrange(middle...)
        chunks.insert(upper, at: index + 1)
    }

    private mutating func remove(at place: Place) {
        let entry = chunks[place.chunk].entries.remove(at: place.entry)
        chunks[place.chunk].digest.remove(entry.term)
        if chunks[place.chunk].entries.isEmpty { chunks.remove(at: place.chunk) }
        usage.remove(entry.key, entry.value)
    }
}
