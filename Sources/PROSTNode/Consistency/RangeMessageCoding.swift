internal import KBR
internal import PeerletRuntime
internal import SansIO
package import Wire

// Encodings of `Spec/consistency.md` §3: a kind, then its fields.

extension RangeMessage: WireCodable {
    private enum Kind: UInt8 {
        case discover = 1
        case discovered, prepare, promised, refused, summarize, summary, fetch, rows, stage
        case staged, accept, accepted, commit, committed, takeOver, lease, leased, release
    }

    package init(from reader: inout WireReader) throws(WireError) {
        let start = reader
        guard let kind = Kind(rawValue: try reader.u8("range message kind")) else {
            throw start.error("range message kind", .invalid("unknown"))
        }
        if kind == .takeOver {
            self = .takeOver(arc: try RingInterval(from: &reader))
            return
        }
        if kind == .release {
            self = .release(arc: try RingInterval(from: &reader), try Ballot(from: &reader))
            return
        }
        let token = try reader.u64("token")
        self =
            switch kind {
            case .discover: .discover(token: token, arc: try RingInterval(from: &reader))
            case .discovered: .discovered(token: token, try Discovery(from: &reader))
            case .prepare:
                .prepare(
                    token: token,
                    arc: try RingInterval(from: &reader),
                    try Ballot(from: &reader)
                )
            case .promised:
                .promised(token: token, try Ballot(from: &reader), try reader.segments())
            case .refused: .refused(token: token, try Ballot(from: &reader))
            case .summarize: .summarize(token: token, arc: try RingInterval(from: &reader))
            case .summary: .summary(token: token, try reader.rangeDigest())
            case .fetch:
                .fetch(
                    token: token,
                    arc: try RingInterval(from: &reader),
                    after: try reader.optionalRowKey()
                )
            case .rows:
                .rows(
                    token: token,
                    after: try reader.optionalRowKey(),
                    try RowPage(from: &reader)
                )
            case .stage:
                .stage(
                    token: token,
                    arc: try RingInterval(from: &reader),
                    try Ballot(from: &reader),
                    after: try reader.optionalRowKey(),
                    try RowPage(from: &reader)
                )
            case .staged: .staged(token: token, through: try reader.optionalRowKey())
            case .accept:
                .accept(
                    token: token,
                    arc: try RingInterval(from: &reader),
                    try Configuration(from: &reader),
                    base: try reader.flag("base") ? try Configuration(from: &reader) : nil
                )
            case .accepted: .accepted(token: token, arc: try RingInterval(from: &reader))
            case .commit:
                .commit(
                    token: token,
                    arc: try RingInterval(from: &reader),
                    try Configuration(from: &reader)
                )
            case .committed: .committed(token: token)
            case .takeOver: .takeOver(arc: try RingInterval(from: &reader))
            case .lease:
                .lease(
                    token: token,
                    arc: try RingInterval(from: &reader),
                    try Ballot(from: &reader)
                )
            case .leased: .leased(token: token)
            case .release: .release(arc: try RingInterval(from: &reader), try Ballot(from: &reader))
            }
    }

    package func encode(to writer: inout WireWriter) {
        func head(_ kind: Kind, _ token: UInt64) {
            writer.u8(kind.rawValue)
            writer.u64(token)
        }
        switch self {
        case .discover(let token, let arc):
            head(.discover, token)
            arc.encode(to: &writer)
        case .discovered(let token, let discovery):
            head(.discovered, token)
            discovery.encode(to: &writer)
        case .prepare(let token, let arc, let ballot):
            head(.prepare, token)
            arc.encode(to: &writer)
            ballot.encode(to: &writer)
        case .promised(let token, let ballot, let segments):
            head(.promised, token)
            ballot.encode(to: &writer)
            writer.segments(segments)
        case .refused(let token, let ballot):
            head(.refused, token)
            ballot.encode(to: &writer)
        case .summarize(let token, let arc):
            head(.summarize, token)
            arc.encode(to: &writer)
        case .summary(let token, let digest):
            head(.summary, token)
            writer.varint(digest.count)
            digest.sum.encode(to: &writer)
        case .fetch(let token, let arc, let after):
            head(.fetch, token)
            arc.encode(to: &writer)
            writer.optionalRowKey(after)
        case .rows(let token, let after, let page):
            head(.rows, token)
            writer.optionalRowKey(after)
            page.encode(to: &writer)
        case .stage(let token, let arc, let ballot, let after, let page):
            head(.stage, token)
            arc.encode(to: &writer)
            ballot.encode(to: &writer)
            writer.optionalRowKey(after)
            page.encode(to: &writer)
        case .staged(let token, let through):
            head(.staged, token)
            writer.optionalRowKey(through)
        case .accept(let token, let arc, let configuration, let base):
            head(.accept, token)
            arc.encode(to: &writer)
            configuration.encode(to: &writer)
            writer.u8(base == nil ? 0 : 1)
            base?.encode(to: &writer)
        case .accepted(let token, let arc):
            head(.accepted, token)
            arc.encode(to: &writer)
        case .commit(let token, let arc, let configuration):
            head(.commit, token)
            arc.encode(to: &writer)
            configuration.encode(to: &writer)
        case .committed(let token): head(.committed, token)
        case .takeOver(let arc):
            writer.u8(Kind.takeOver.rawValue)
            arc.encode(to: &writer)
        case .lease(let token, let arc, let ballot):
            head(.lease, token)
            arc.encode(to: &writer)
            ballot.encode(to: &writer)
        case .leased(let token): head(.leased, token)
        case .release(let arc, let ballot):
            writer.u8(Kind.release.rawValue)
            arc.encode(to: &writer)
            ballot.encode(to: &writer)
        }
    }
}

extension Discovery: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        hosts = try reader.flag("hosts")
        isAcquiring = try reader.flag("acquiring")
        segments = try reader.segments()
        successors = try reader.handles("successors")
    }

    package func encode(to writer: inout WireWriter) {
        writer.u8(hosts ? 1 : 0)
        writer.u8(isAcquiring ? 1 : 0)
        writer.segments(segments)
        writer.handles(successors)
    }
}

extension RowPage: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        hasMore = try reader.flag("more rows")
        rows = []
        for _ in 0..<(try reader.varint("row count", limit: UInt64(RangeMessage.pageRows))) {
            rows.append(try reader.storeRow())
        }
    }

    package func encode(to writer: inout WireWriter) {
        writer.u8(hasMore ? 1 : 0)
        writer.varint(UInt64(rows.count))
        for row in rows { writer.storeRow(row) }
    }
}

extension WireReader {
    fileprivate mutating func flag(_ field: String) throws(WireError) -> Bool {
        let start = self
        return switch try u8(field) {
        case 0: false
        case 1: true
        default: throw start.error(field, .notCanonical("0 or 1"))
        }
    }

    fileprivate mutating func segments() throws(WireError) -> [Segment] {
        var list: [Segment] = []
        for _ in 0..<(try varint("segments", limit: UInt64(RangeMessage.maximumSegments))) {
            list.append(try Segment(from: &self))
        }
        return list
    }

    fileprivate mutating func rangeDigest() throws(WireError) -> RangeDigest {
        var digest = RangeDigest()
        digest.count = try varint("row count")
        digest.sum = try Identifier(from: &self)
        return digest
    }

    fileprivate mutating func optionalRowKey() throws(WireError) -> [UInt8]? {
        try flag("row key") ? try rowKey() : nil
    }

    private mutating func rowKey() throws(WireError) -> [UInt8] {
        let start = self
        let key = try prefixedBytes("row key", limit: WireLimits.storeKey)
        guard key.count >= Identifier.byteCount else {
            throw start.error("row key", .invalid("must begin with a ring position"))
        }
        return key
    }

    fileprivate mutating func storeRow() throws(WireError) -> StoreRow {
        let key = try rowKey()
        let version = try ReplicaVersion(from: &self)
        let start = self
        let flags = try u8("row flags")
        guard flags < 4 else { throw start.error("row flags", .notCanonical("unknown flag")) }
        let expires = flags & 1 == 0 ? nil : WallTime(milliseconds: try u64("expiry"))
        return StoreRow(
            key: key,
            value: StoredValue(
                version: version,
                expires: expires,
                isCache: flags & 2 != 0,
                userBytes: try prefixedBytes("user bytes", limit: 16),
                bytes: try prefixedBytes("value", limit: WireLimits.storeValue)
            )
        )
    }
}

extension WireWriter {
    fileprivate mutating func segments(_ list: [Segment]) {
        varint(UInt64(list.count))
        for segment in list { segment.encode(to: &self) }
    }

    fileprivate mutating func optionalRowKey(_ key: [UInt8]?) {
        u8(key == nil ? 0 : 1)
        if let key { prefixedBytes(key) }
    }

    fileprivate mutating func storeRow(_ row: StoreRow) {
        prefixedBytes(row.key)
        row.value.version.encode(to: &self)
        u8((row.value.expires == nil ? 0 : 1) | (row.value.isCache ? 2 : 0))
        if let expires = row.value.expires { u64(expires.milliseconds) }
        prefixedBytes(row.value.userBytes)
        prefixedBytes(row.value.bytes)
    }
}
