import KBR
import PeerletRuntime
import SansIO
import Testing
import Wire

import PROSTNode

@Suite struct RangeMessageTests {
    private let node = NodeHandle(
        id: Identifier(words: (1, 2, 3, 4)),
        endpoint: Endpoint(127, 0, 0, 1, port: 9)
    )

    private var samples: [RangeMessage] {
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
        let page = RowPage(rows: [StoreRow(key: key, value: value)], hasMore: true)
        let discovery = Discovery(
            hosts: true,
            isAcquiring: false,
            segments: [segment],
            successors: [node]
        )
        return [
            .discover(token: 1, arc: arc), .discovered(token: 2, discovery),
            .prepare(token: 3, arc: arc, ballot), .promised(token: 4, ballot, [segment]),
            .refused(token: 5, ballot), .summarize(token: 6, arc: arc),
            .summary(token: 7, RangeDigest()), .fetch(token: 8, arc: arc, after: key),
            .rows(token: 9, after: nil, page),
            .stage(token: 10, arc: arc, ballot, after: key, page),
            .staged(token: 11, through: key),
            .accept(token: 12, arc: arc, configuration, base: configuration),
            .accepted(token: 13, arc: arc), .commit(token: 14, arc: arc, configuration),
            .committed(token: 15), .takeOver(arc: arc),
        ]
    }

    @Test func `every message decodes to itself and no prefix of it decodes`() throws {
        for message in samples {
            let bytes = message.wireBytes
            #expect(try RangeMessage(wireBytes: bytes, "message") == message)
            for length in 0..<bytes.count {
                #expect(throws: WireError.self) {
                    try RangeMessage(wireBytes: Array(bytes.prefix(length)), "message")
                }
            }
        }
    }

    @Test func `a changed bit is refused or decodes to what encodes the same`() {
        for message in samples {
            let bytes = message.wireBytes
            for bit in 0..<bytes.count * 8 {
                var changed = bytes
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                guard let other = try? RangeMessage(wireBytes: changed, "message") else { continue }
                #expect(other.wireBytes == changed)
                #expect(other != message)
            }
        }
    }
}
