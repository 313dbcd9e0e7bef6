internal import KBR
internal import PeerletRuntime
internal import SansIO

// Merging the rows of the old configuration here (`Spec/consistency.md` §5.3).

extension RangeKeeper {
    mutating func beginSummaries() {
        guard let current = takeover else { return }
        guard let sources = sources(of: current) else { return abandonTakeover() }
        takeover?.phase = .summarizing
        takeover?.requests = []
        takeover?.graceEnd = nil
        takeover?.sources = sources
        readDigest(current.arc, then: .takeover(token: current.token, .summarized))
        for node in sources where node.id != local.id {
            ask(node, .summarize(token: current.token, arc: current.arc))
        }
    }

    /// Promisers that accepted the newest configuration, whose rows therefore hold every
    /// acknowledged change; nil if joined pieces have different ones.
    private func sources(of takeover: Takeover) -> [NodeHandle]? {
        var common: Set<Identifier>?
        var nodes: [NodeHandle] = []
        for piece in takeover.pieces {
            guard let source = piece.source else { return [] }
            nodes = source.members
            let holders = source.members.map(\.id).filter { member in
                guard let segments = takeover.promises[member] else { return false }
                return SegmentMap.clip(segments, to: piece.arc)
                    .allSatisfy { $0.current?.ballot == source.ballot }
            }
            if let common, common != Set(holders) { return nil }
            common = Set(holders)
        }
        guard let common, !common.isEmpty else {
            // A first configuration that no majority accepted was never served: no rows.
            return takeover.pieces.allSatisfy { $0.chosen == nil } ? [] : nil
        }
        return nodes.filter { common.contains($0.id) }
    }

    mutating func receiveSummary(_ digest: RangeDigest, from node: Identifier) {
        guard takeover?.phase == .summarizing else { return }
        takeover?.digests[node] = digest
    }

    /// A source that is gone takes its promise along; the rest must still be a majority.
    mutating func dropSources(_ gone: [Identifier]) {
        guard !gone.isEmpty else { return }
        for node in gone { takeover?.promises[node] = nil }
        takeover?.sources.removeAll { gone.contains($0.id) }
        guard let current = takeover, hasQuorum(current),
            !current.sources.isEmpty || current.pieces.allSatisfy({ $0.chosen == nil })
        else { return abandonTakeover() }
    }

    mutating func advanceSummaries() {
        guard let current = takeover, let own = current.digests[local.id] else { return }
        guard current.sources.allSatisfy({ current.digests[$0.id] != nil }) else { return }
        var streams: [NodeHandle] = []
        var seen: Set<RangeDigest> = []
        let isSource = current.sources.contains { $0.id == local.id }
        // Our own rows first: what equals them need not be sent.
        if isSource {
            streams = [local]
            seen = [own]
        }
        for node in current.sources {
            guard let digest = current.digests[node.id] else { continue }
            if seen.insert(digest).inserted { streams.append(node) }
        }
        if isSource && streams.count == 1 || streams.isEmpty && own.count == 0 {
            beginStaging()
            return
        }
        takeover?.phase = .collecting
        takeover?.streams = streams
        fetchPages()
    }

    private mutating func fetchPages() {
        guard let current = takeover else { return }
        takeover?.pages = [:]
        for node in current.streams {
            if node.id == local.id {
                readRows(
                    current.arc,
                    after: current.cursor,
                    then: .takeover(token: current.token, .collectedPage(after: current.cursor))
                )
            } else {
                ask(
                    node,
                    .fetch(token: current.token, arc: current.arc, after: current.cursor)
                )
            }
        }
        mergePages()
    }

    mutating func receivePage(_ page: RowPage, after: [UInt8]?, from node: Identifier) {
        guard let current = takeover, current.phase == .collecting, after == current.cursor,
            current.streams.contains(where: { $0.id == node }), current.pages[node] == nil,
            isWellFormed(page, of: current.arc, after: after)
        else { return }
        takeover?.pages[node] = page
        mergePages()
    }

    /// Once all pages are here: the newest version of each key, as far as every page reaches.
    private mutating func mergePages() {
        guard let current = takeover, current.pages.count == current.streams.count else { return }
        let lower = current.arc.lower
        let ends = current.pages.values.filter(\.hasMore).compactMap { $0.rows.last?.key }
        let horizon = ends.min { ArcScan.precedes($0, $1, from: lower) }
        var newest: [[UInt8]: StoredValue] = [:]
        for stream in current.streams {
            for row in current.pages[stream.id]?.rows ?? [] {
                if let horizon, ArcScan.precedes(horizon, row.key, from: lower) { continue }
                let known = newest[row.key]
                if known.map({ $0.version < row.value.version }) ?? true {
                    newest[row.key] = row.value
                }
            }
        }
        let rows = newest.map { StoreRow(key: $0.key, value: $0.value) }
            .sorted { ArcScan.precedes($0.key, $1.key, from: lower) }
        let replacement = Replacement(
            arc: current.arc,
            ballot: current.ballot,
            after: current.cursor,
            page: RowPage(rows: rows, hasMore: horizon != nil),
            purpose: .collected(token: current.token)
        )
        takeover?.cursor = horizon
        takeover?.mergedToEnd = horizon == nil
        takeover?.pages = [:]
        proceed(replacement)
    }

    mutating func didMergeSpan() {
        guard let current = takeover else { return }
        if current.mergedToEnd {
            takeover?.phase = .summarizingResult
            takeover?.requests = []
            readDigest(current.arc, then: .takeover(token: current.token, .summarized))
        } else {
            fetchPages()
        }
    }

    mutating func didSummarize(_ step: Takeover.Step, _ digest: RangeDigest) {
        guard case .summarized = step else { return }
        takeover?.digests[local.id] = digest
        if takeover?.phase == .summarizingResult { beginStaging() }
    }
}
