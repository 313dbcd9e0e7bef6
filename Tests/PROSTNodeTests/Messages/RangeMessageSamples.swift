import KBR
import PROSTNode
import PeerletRuntime
import SansIO

/// Messages between members of ranges, by the names of their vectors.
enum RangeMessageSamples {
    private static let node = NodeHandle(
        id: Identifier(words: (1, 2, 3, 4)),
        endpoint: Endpoint(127, 0, 0, 1, port: 9)
    )

    /// One message of each kind, by its name.
    static var all: [(name: String, message: RangeMessage)] {
        let arc = RingInterval(after: .zero, through: node.id)
        let ballot = Ballot(epoch: 300, proposer: node.id)
        let configuration = Configuration(ballot: ballot, members: [node])
        var segment = Segment(arc: arc)
        segment.promised = ballot
        segment.current = configuration
        segment.base = configuration
        segment.holdsRows = true
        segment.forgotten = ballot
        let key = [UInt8](repeating: 5, count: 40)
        let value = StoredValue(
            version: ReplicaVersion(counter: 9, writer: node.id),
            expires: WallTime(milliseconds: 7),
            isCache: true,
            userBytes: [1, 2],
            bytes: [3, 4, 5]
        )
        var digest = RangeDigest()
        digest.count = 200
        digest.sum = Identifier(words: (5, 6, 7, 8))
        let plain = StoreRow(key: Array(key.prefix(32)), value: StoredValue(bytes: []))
        let page = RowPage(rows: [plain, StoreRow(key: key, value: value)], hasMore: true)
        let discovery = Discovery(
            hosts: true,
            isAcquiring: false,
            segments: [segment],
            successors: [node]
        )
        return [
            ("discover", .discover(token: 1, arc: arc)),
            ("discovered", .discovered(token: 2, discovery)),
            ("prepare", .prepare(token: 3, arc: arc, ballot)),
            ("promised", .promised(token: 4, ballot, [segment])),
            ("refused", .refused(token: 5, ballot)),
            ("summarize", .summarize(token: 6, arc: arc)),
            ("summary", .summary(token: 7, digest)),
            ("fetch", .fetch(token: 8, arc: arc, after: key)),
            ("fetch, from the start", .fetch(token: 8, arc: arc, after: nil)),
            ("rows", .rows(token: 9, after: nil, page)),
            ("stage", .stage(token: 10, arc: arc, ballot, after: key, page)),
            ("staged", .staged(token: 11, through: key)),
            ("staged, to the end", .staged(token: 11, through: nil)),
            ("accept", .accept(token: 12, arc: arc, configuration, base: configuration)),
            ("accept, first", .accept(token: 12, arc: arc, configuration, base: nil)),
            ("accepted", .accepted(token: 13, arc: arc)),
            ("commit", .commit(token: 14, arc: arc, configuration)),
            ("committed", .committed(token: 15)),
            ("takeOver", .takeOver(arc: arc)),
            ("lease", .lease(token: 16, arc: arc, configuration.ballot)),
            ("leased", .leased(token: 17)),
            ("release", .release(arc: arc, configuration.ballot)),
        ]
    }
}
