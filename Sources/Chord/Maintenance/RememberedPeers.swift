internal import KBR
internal import SansIO

/// Lost peers and those of an earlier run, each asked now and then whether it is on another ring
/// (`Spec/chord.md` §6.7).
struct RememberedPeers: Sendable {
    private struct Entry: Sendable {
        var node: NodeHandle
        /// Checks through it that came to nothing.
        var misses = 0
        var dueAt = Instant.zero
    }

    private static let limit = 32
    /// After so many checks in vain, some an hour and a half, a peer is forgotten.
    private static let missLimit = 32

    /// The one not asked for longest first.
    private var entries: [Entry] = []

    mutating func add(_ node: NodeHandle) {
        guard !entries.contains(where: { $0.node.id == node.id }) else { return refresh(node) }
        entries.insert(Entry(node: node), at: 0)
        guard entries.count > Self.limit, let most = entries.map(\.misses).max(),
            let oldest = entries.lastIndex(where: { $0.misses == most })
        else { return }
        entries.remove(at: oldest)
    }

    mutating func forget(_ id: Identifier) { entries.removeAll { $0.node.id == id } }

    mutating func refresh(_ handle: NodeHandle) {
        for index in entries.indices where entries[index].node.isOlder(than: handle) {
            entries[index].node = handle
        }
    }

    /// The next one to ask, if one is due.
    mutating func next(at now: Instant) -> NodeHandle? {
        guard let index = entries.firstIndex(where: { $0.dueAt <= now }) else { return nil }
        let entry = entries.remove(at: index)
        entries.append(entry)
        return entry.node
    }

    /// A check through the peer came to nothing: it waits longer each time, up to 16 periods.
    mutating func missed(_ id: Identifier, at now: Instant, period: TimeSpan) {
        guard let index = entries.firstIndex(where: { $0.node.id == id }) else { return }
        entries[index].misses += 1
        guard entries[index].misses < Self.missLimit else { return forget(id) }
        entries[index].dueAt = now + period * (1 << UInt64(min(entries[index].misses, 4)))
    }
}
