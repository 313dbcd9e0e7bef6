package import KBR
internal import PeerletRuntime
internal import SansIO
internal import Wire

/// What goes on once a batch is durable or a read is answered.
enum Continuation: Sendable {
    case reply(RangeMessage, NodeHandle)
    case replace(Replacement)
    case takeover(token: UInt64, Takeover.Step)
    case clear
    case answerDigest(token: UInt64, NodeHandle)
    case answerRows(token: UInt64, after: [UInt8]?, NodeHandle)
}

extension RangeKeeper {
    /// Where this application's segments are kept in `StoreSpace.node`.
    package static func rowPrefix(of application: ApplicationID) -> [UInt8] {
        Array("range".utf8) + application.identifier.bytes
    }

    /// Row of the highest forgotten ballot: shorter than any segment's.
    private static func forgottenKey(_ application: ApplicationID) -> [UInt8] {
        rowPrefix(of: application) + [0]
    }

    private static func key(_ segment: Segment, _ application: ApplicationID) -> [UInt8] {
        rowPrefix(of: application) + segment.arc.upper.bytes
    }

    static func restore(
        _ rows: [StoreRow],
        of application: ApplicationID
    ) throws(WireError) -> (SegmentMap, [[UInt8]: [UInt8]]) {
        var segments: [Segment] = []
        var forgotten = Ballot.none
        var stored: [[UInt8]: [UInt8]] = [:]
        for row in rows {
            stored[row.key] = row.value.bytes
            if row.key == forgottenKey(application) {
                forgotten = try Ballot(wireBytes: row.value.bytes, "forgotten ballot")
            } else {
                segments.append(try Segment(wireBytes: row.value.bytes, "segment"))
            }
        }
        guard var map = SegmentMap(restoring: segments) else {
            throw WireError(field: "segments", offset: 0, reason: .invalid("arcs overlap"))
        }
        map.forgotten = forgotten
        return (map, stored)
    }

    /// Changes segments; `then` goes on once this and all earlier changes are durable.
    mutating func change(
        _ arc: RingInterval,
        fillingGaps: Bool,
        then: Continuation?,
        _ change: (inout Segment) -> Void
    ) {
        map.update(arc, fillingGaps: fillingGaps, change)
        map.forgetOldest(local: local.id)
        persist(StoreBatch(), then: then)
    }

    /// Commits `batch` with all changes of segments since the last one.
    mutating func persist(_ batch: StoreBatch, then: Continuation?) {
        var batch = batch
        var wanted: [[UInt8]: [UInt8]] = [:]
        for segment in map.segments {
            wanted[Self.key(segment, application)] = segment.wireBytes
        }
        if map.forgotten != .none {
            wanted[Self.forgottenKey(application)] = map.forgotten.wireBytes
        }
        let keys = Set(stored.keys).union(wanted.keys).sorted { $0.lexicographicallyPrecedes($1) }
        for key in keys where stored[key] != wanted[key] {
            let value = wanted[key].map { StoredValue(bytes: $0) }
            batch.writes.append(StoreWrite(space: .node, key: key, value: value))
        }
        stored = wanted
        if !batch.isEmpty {
            inFlight.append((nextID, []))
            effects.append(.commit(batch, nextID))
            nextID += 1
        }
        guard let then else { return }
        if inFlight.isEmpty {
            resume(then)
        } else {
            inFlight[inFlight.count - 1].then.append(then)
        }
    }

    /// Batches become durable in order, so an answer stands for all before it.
    mutating func becameDurable(_ id: UInt64) {
        while let first = inFlight.first, first.id <= id {
            inFlight.removeFirst()
            for next in first.then { resume(next) }
        }
    }

    mutating func readRows(_ arc: RingInterval, after: [UInt8]?, then: Continuation) {
        reads[nextID] = then
        effects.append(.readRows(nextID, arc, after: after))
        nextID += 1
    }

    mutating func readDigest(_ arc: RingInterval, then: Continuation) {
        reads[nextID] = then
        effects.append(.readDigest(nextID, arc))
        nextID += 1
    }

    mutating func send(_ message: RangeMessage, to node: NodeHandle) {
        effects.append(.send(message, to: node))
    }

    /// Whoever asked will ask again.
    mutating func readFailed(_ id: UInt64) {
        switch reads.removeValue(forKey: id) {
        case .takeover(let token, _):
            if takeover?.token == token { abandonTakeover() }
        case .replace(let replacement):
            if case .collected(let token) = replacement.purpose, takeover?.token == token {
                abandonTakeover()
            }
        case .clear: clearing = nil
        case .reply, .answerDigest, .answerRows, nil: break
        }
    }

    /// After durability.
    mutating func resume(_ next: Continuation) {
        switch next {
        case .reply(let message, let node): send(message, to: node)
        case .replace(let replacement): proceed(replacement)
        case .takeover(let token, let step):
            if takeover?.token == token { didFinish(step) }
        case .clear: clearNextPage()
        case .answerDigest, .answerRows: break
        }
    }

    /// After a read of rows.
    mutating func resume(_ next: Continuation, page: RowPage) {
        switch next {
        case .replace(let replacement): replace(replacement, localPage: page)
        case .takeover(let token, let step):
            if takeover?.token == token { didRead(step, page) }
        case .clear: clear(page)
        case .answerRows(let token, let after, let node):
            send(.rows(token: token, after: after, page), to: node)
        case .reply, .answerDigest: break
        }
    }

    mutating func resume(_ next: Continuation, digest: RangeDigest) {
        switch next {
        case .takeover(let token, let step):
            if takeover?.token == token { didSummarize(step, digest) }
        case .answerDigest(let token, let node): send(.summary(token: token, digest), to: node)
        case .reply, .replace, .clear, .answerRows: break
        }
    }
}
