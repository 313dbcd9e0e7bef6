internal import KBR
internal import PeerletRuntime

/// Making a span of an arc hold exactly the given rows (`Spec/consistency.md` §5.3).
struct Replacement: Sendable {
    enum Purpose: Sendable {
        case staged(token: UInt64, NodeHandle)
        case collected(token: UInt64)
    }

    enum State: Sendable { case reading, writing, done }

    var arc: RingInterval
    var ballot: Ballot
    /// The span: after this row key (nil: from the arc's start) through that one (nil: to its end).
    var after: [UInt8]?
    var through: [UInt8]?
    var rows: [[UInt8]: StoredValue]
    /// Rows of the span not yet found as they should be.
    var missing: [[UInt8]: StoredValue]
    var state = State.reading
    var purpose: Purpose

    init(
        arc: RingInterval,
        ballot: Ballot,
        after: [UInt8]?,
        page: RowPage,
        purpose: Purpose
    ) {
        self.arc = arc
        self.ballot = ballot
        self.after = after
        through = page.hasMore ? page.rows.last?.key : nil
        rows = Dictionary(page.rows.map { ($0.key, $0.value) }) { first, _ in first }
        missing = rows
        self.purpose = purpose
    }
}

extension RangeKeeper {
    /// Whether rows may still be replaced under `ballot`: nothing newer was promised, and the
    /// configuration of that ballot has not begun to take changes.
    private func mayReplace(_ arc: RingInterval, _ ballot: Ballot) -> Bool {
        let known = map.overlapping(arc)
        return Arcs.covers(known.map(\.arc), arc)
            && known.allSatisfy { $0.promised == ballot && $0.current?.ballot != ballot }
    }

    /// After durability of the promise or of a part.
    mutating func proceed(_ replacement: Replacement) {
        switch replacement.state {
        case .reading, .writing:
            var next = replacement
            next.state = .reading
            readRows(next.arc, after: next.after, then: .replace(next))
        case .done:
            switch replacement.purpose {
            case .staged(let token, let proposer):
                send(.staged(token: token, through: replacement.through), to: proposer)
            case .collected(let token):
                if takeover?.token == token { didFinish(.collectedSpan) }
            }
        }
    }

    mutating func replace(_ replacement: Replacement, localPage page: RowPage) {
        guard mayReplace(replacement.arc, replacement.ballot) else { return }
        var next = replacement
        var batch = StoreBatch()
        let space = StoreSpace.application(application)
        var reachedEnd = !page.hasMore
        for row in page.rows {
            if let through = next.through,
                ArcScan.precedes(through, row.key, from: next.arc.lower)
            {
                reachedEnd = true
                break
            }
            if let wanted = next.rows[row.key] {
                let isKept = faults.keepsLeftovers && row.value.version > wanted.version
                if wanted == row.value || isKept { next.missing[row.key] = nil }
            } else if !faults.keepsLeftovers {
                batch.writes.append(StoreWrite(space: space, key: row.key, value: nil))
            }
            next.after = row.key
        }
        if reachedEnd {
            let keys = next.missing.keys.sorted { $0.lexicographicallyPrecedes($1) }
            for key in keys {
                batch.writes.append(StoreWrite(space: space, key: key, value: next.missing[key]))
            }
        }
        next.state = reachedEnd ? .done : .writing
        persist(batch, then: .replace(next))
    }

    // MARK: Rows of arcs that moved away

    mutating func startClearing() {
        guard clearing == nil else { return }
        clearing = map.segments.first { $0.mayBeCleared(by: local.id) }
        if clearing != nil { persist(StoreBatch(), then: .clear) }
    }

    mutating func clearNextPage() {
        guard let segment = clearing else { return }
        readRows(segment.arc, after: nil, then: .clear)
    }

    mutating func clear(_ page: RowPage) {
        guard let segment = clearing else { return }
        let known = map.overlapping(segment.arc)
        let isUnchanged =
            Arcs.covers(known.map(\.arc), segment.arc)
            && known.allSatisfy { $0.agrees(with: segment) }
        guard isUnchanged else {
            clearing = nil
            return
        }
        if page.rows.isEmpty {
            clearing = nil
            change(segment.arc, fillingGaps: false, then: nil) { $0.holdsRows = false }
            return
        }
        var batch = StoreBatch()
        for row in page.rows {
            let space = StoreSpace.application(application)
            batch.writes.append(StoreWrite(space: space, key: row.key, value: nil))
        }
        persist(batch, then: .clear)
    }
}
