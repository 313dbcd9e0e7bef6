internal import KBR
internal import PeerletBytecode
internal import Wire

// `st.next`, `digest` and `info` (`Spec/abi.md` §4.2).
extension UpcallExecution {
    /// Fuel for a row that a walk passes over, and for a row not yet durable that a sum takes in.
    private static let rowSurcharge: UInt64 = 20
    /// Most rows read at once; the first read asks for one, since values come along.
    private static let readAhead = 16

    /// The arc of two optional bounds; nil when both are absent.
    private func arc(_ low: Int, _ high: Int) throws(HostCallStop) -> RingInterval? {
        let isWhole = argument(low) == 0
        guard isWhole == (argument(high) == 0) else { throw .refused(.argument) }
        guard !isWhole else { return nil }
        return RingInterval(after: try identifier(low), through: try identifier(high))
    }

    func nextKey() throws(HostCallStop) -> Int64 {
        let fromLength = try number(1, in: 0...Int64(WireLimits.storeKey))
        let isDescending = try number(4, in: 0...1) == 1
        guard (argument(2) == 0) == (argument(3) == 0) else { throw .refused(.argument) }
        let from = try bytes(0, fromLength)
        let arc = try arc(2, 3)
        let out = try range(5, WireLimits.storeKey)
        let metaRange = try optionalRange(6, RowMeta.byteCount)
        var spans = arc.map { KeySpan.spans(of: $0) } ?? [.everything]
        if isDescending { spans.reverse() }
        var cursor: [UInt8]?
        if !from.isEmpty {
            guard let index = spans.firstIndex(where: { $0.contains(from) }) else {
                throw .refused(.argument)
            }
            spans.removeFirst(index)
            cursor = from
        }
        guard let row = try firstRow(in: spans, from: cursor, isDescending: isDescending) else {
            throw .refused(.notFound)
        }
        try write(row.key, to: out)
        if let metaRange { try write(RowMeta(of: row.value).bytes, to: metaRange) }
        return Int64(row.key.count)
    }

    private func firstRow(
        in spans: [KeySpan],
        from start: [UInt8]?,
        isDescending: Bool
    ) throws(HostCallStop) -> StoreRow? {
        var cursor = start
        for span in spans {
            var position = cursor ?? (isDescending ? span.upper : span.lower)
            cursor = nil
            var limit = 1
            walk: while true {
                let step = try stored { store throws(StoreError) in
                    try store.step(
                        from: position,
                        in: span,
                        isDescending: isDescending,
                        limit: limit
                    )
                }
                switch step {
                case .found(let row): return row
                case .end: break walk
                case .passed(let count, let next):
                    try surcharge(UInt64(count) * Self.rowSurcharge)
                    position = next
                    limit = Self.readAhead
                }
            }
        }
        return nil
    }

    func digest() throws(HostCallStop) -> Int64 {
        let arc = try arc(0, 1) ?? .wholeCircle(endingAt: .zero)
        let out = try range(2, 40)
        store.open()
        try surcharge(UInt64(store.changeCount) * Self.rowSurcharge)
        let digest = try stored { store throws(StoreError) in try store.digest(in: arc) }
        try write(digest.sum.bytes + LittleEndian.bytes(digest.count), to: out)
        return 0
    }

    func storeInfo() throws(HostCallStop) -> Int64 {
        let out = try range(0, 40)
        store.open()
        try surcharge(UInt64(store.changeCount) * Self.rowSurcharge)
        let usage = try stored { store throws(StoreError) in try store.usage() }
        let room = Int64(clamping: limits.storeBytes).subtractingReportingOverflow(store.growth)
        let numbers = [
            room.overflow ? UInt64(Int64.max) : UInt64(max(0, room.partialValue)),
            usage.durableBytes, usage.cacheBytes, usage.rows,
            UInt64(max(0, limits.storeWrites - store.writeCount)),
        ]
        try write(numbers.flatMap { LittleEndian.bytes($0) }, to: out)
        return 0
    }
}
