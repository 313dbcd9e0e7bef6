import Cryptography
import KBR
import PROSTNode
import PeerletPackage
import PeerletRuntime
import SansIO
import Testing

/// The way of a package from its sources, honest, lost, slow and hostile.
struct CodeFetchingTests {
    typealias Package = LoaderFixture.Package

    @Test func `code comes from the previous hop chunk by chunk and is recorded`() throws {
        let package = try Package(padding: 150_000)
        var node = LoaderFixture()
        #expect(node.need(package).isPending)
        node.serveAll(package.bytes)
        #expect(node.sent.map(\.fetch.offset) == [0, 65536, 131_072])
        #expect(node.resumed == [1])
        let record = try #require(node.loaded.first)
        #expect(record.digest == package.digest)
        #expect(record.source == LoaderFixture.node(1).description)
        #expect(record.message == [7, 7])
        #expect(record.byteCount == UInt32(package.bytes.count))
        #expect(node.need(package).peerlet?.application == package.application)
    }

    @Test func `one fetch serves every message that waits`() throws {
        let package = try Package()
        var node = LoaderFixture()
        for hop in 1...5 {
            #expect(node.need(package, from: LoaderFixture.node(UInt64(hop))).isPending)
        }
        #expect(node.sent.count == 1)
        node.serveAll(package.bytes)
        #expect(node.resumed == [1, 2, 3, 4, 5])
        #expect(node.checks == 1)
    }

    @Test func `a lost chunk is asked for again and a silent source is left`() throws {
        let package = try Package()
        var node = LoaderFixture()
        node.need(package, from: LoaderFixture.node(1), origin: LoaderFixture.node(2))
        for _ in 0..<4 { node.advance(milliseconds: 1000) }
        #expect(node.sent.map(\.peer.id) == [1, 1, 1, 1, 2].map { LoaderFixture.node($0).id })
        node.serveAll(package.bytes)
        #expect(node.resumed == [1])
    }

    @Test func `a repeated chunk changes nothing`() throws {
        let package = try Package(padding: 100_000)
        var node = LoaderFixture()
        node.need(package)
        let first = CodeChunk.Status.found(
            total: UInt32(package.bytes.count),
            offset: 0,
            bytes: Array(package.bytes[..<65536])
        )
        for _ in 0..<3 { node.chunk(first, of: package.digest, from: LoaderFixture.node(1)) }
        #expect(node.sent.count == 2)
        node.serveAll(package.bytes)
        #expect(node.resumed == [1])
    }

    @Test func `a chunk from a node that was not asked is ignored`() throws {
        let package = try Package()
        var node = LoaderFixture()
        node.need(package)
        node.chunk(
            .found(total: 3, offset: 0, bytes: [1, 2, 3]),
            of: package.digest,
            from: LoaderFixture.node(9)
        )
        node.chunk(.absent, of: package.digest, from: LoaderFixture.node(9))
        node.serveAll(package.bytes)
        #expect(node.resumed == [1])
    }

    static let lies: [(CodeChunk.Status, SourceFailure.Reason)] = [
        (.absent, .absent),
        (.found(total: 0, offset: 0, bytes: []), .inconsistent("announced an empty package")),
        (.found(total: 1_048_577, offset: 0, bytes: [1]), .tooLarge(1_048_577)),
        (.found(total: .max, offset: 0, bytes: [1]), .tooLarge(4_294_967_295)),
        (.found(total: 9, offset: 1, bytes: [1]), .inconsistent("sent offset 1, asked 0")),
        (.found(total: 9, offset: 0, bytes: []), .inconsistent("sent an empty chunk")),
        (
            .found(total: 2, offset: 0, bytes: [1, 2, 3]),
            .inconsistent("sent more than the 2 bytes announced")
        ),
        (.found(total: 3, offset: 0, bytes: [1, 2, 3]), .wrongDigest),
    ]

    @Test(arguments: lies)
    func `a source that lies is left for the next one`(
        _ lie: CodeChunk.Status,
        _ reason: SourceFailure.Reason
    ) throws {
        let package = try Package()
        var node = LoaderFixture()
        node.need(package, from: LoaderFixture.node(1))
        node.chunk(lie, of: package.digest, from: LoaderFixture.node(1))
        let failure = SourceFailure(source: LoaderFixture.node(1).description, reason: reason)
        #expect(node.abandoned.map(\.error) == [.unavailable([failure])])

        var other = LoaderFixture()
        other.need(package, from: LoaderFixture.node(1), origin: LoaderFixture.node(2))
        other.chunk(lie, of: package.digest, from: LoaderFixture.node(1))
        #expect(other.sent.last?.peer.id == LoaderFixture.node(2).id)
        other.serveAll(package.bytes)
        #expect(other.resumed == [1])
    }

    @Test func `a length that changes on the way is a lie`() throws {
        let package = try Package(padding: 100_000)
        var node = LoaderFixture()
        node.need(package)
        node.serve(package.bytes)
        node.chunk(
            .found(total: 70_000, offset: 65536, bytes: [1]),
            of: package.digest,
            from: LoaderFixture.node(1)
        )
        #expect(node.abandoned.count == 1)
    }

    @Test func `a trickle is left after the grace`() throws {
        let package = try Package(padding: 100_000)
        var node = LoaderFixture()
        node.need(package, from: LoaderFixture.node(1), origin: LoaderFixture.node(2))
        for index in 0..<60 where node.sent.last?.peer.id == LoaderFixture.node(1).id {
            node.chunk(
                .found(
                    total: UInt32(package.bytes.count),
                    offset: UInt32(index),
                    bytes: [package.bytes[index]]
                ),
                of: package.digest,
                from: LoaderFixture.node(1)
            )
            node.advance(milliseconds: 500)
        }
        #expect(node.sent.last?.peer.id == LoaderFixture.node(2).id)
        #expect(node.now.instant <= .zero + .milliseconds(6000))
        node.serveAll(package.bytes)
        #expect(node.resumed == [1])
    }

    @Test func `repeating a chunk for ever holds nobody`() throws {
        let package = try Package(padding: 100_000)
        var node = LoaderFixture()
        node.need(package)
        let first = CodeChunk.Status.found(
            total: UInt32(package.bytes.count),
            offset: 0,
            bytes: [package.bytes[0]]
        )
        for _ in 0..<60 where node.abandoned.isEmpty {
            node.chunk(first, of: package.digest, from: LoaderFixture.node(1))
            node.advance(milliseconds: 100)
        }
        #expect(node.abandoned.count == 1)
        #expect(node.now.instant <= .zero + .milliseconds(6000))
    }

    @Test func `a busy source is asked again and not for ever`() throws {
        let package = try Package()
        var node = LoaderFixture { $0.minimumRate = 0 }
        node.need(package)
        for _ in 0..<20 where node.abandoned.isEmpty {
            node.chunk(.busy, of: package.digest, from: LoaderFixture.node(1))
            node.advance(milliseconds: 1000)
        }
        let failure = SourceFailure(source: LoaderFixture.node(1).description, reason: .busy)
        #expect(node.abandoned.map(\.error) == [.unavailable([failure])])
        #expect(node.sent.count == 9)
    }

    @Test func `a lost connection turns to the next source at once`() throws {
        let package = try Package()
        var node = LoaderFixture()
        node.need(package, from: LoaderFixture.node(1), origin: LoaderFixture.node(2))
        node.step { loader, now, emit in
            loader.disconnected(LoaderFixture.node(1).id, at: now, &emit)
        }
        #expect(node.sent.last?.peer.id == LoaderFixture.node(2).id)
    }

    @Test func `the ring is asked at the digest's key and whoever answers gives the package`()
        throws
    {
        let package = try Package()
        var node = LoaderFixture()
        node.need(package, from: nil, locator: "ring:\(package.digest)")
        #expect(node.probes.map(\.key) == [package.digest.identifier])
        #expect(node.probes.map(\.fetch.length) == [0])
        node.chunk(
            .found(total: UInt32(package.bytes.count), offset: 0, bytes: []),
            of: package.digest,
            from: LoaderFixture.node(5)
        )
        #expect(node.sent.last?.peer.id == LoaderFixture.node(5).id)
        node.serveAll(package.bytes)
        #expect(node.loaded.map(\.source) == ["ring"])
    }

    @Test func `a silent ring is asked again and then left`() throws {
        let package = try Package()
        var node = LoaderFixture()
        node.need(package, from: nil, locator: "ring:\(package.digest)")
        for _ in 0..<5 { node.advance(milliseconds: 1000) }
        #expect(node.probes.count == 4)
        let failure = SourceFailure(source: "ring", reason: .silent)
        #expect(node.abandoned.map(\.error) == [.unavailable([failure])])
    }

    @Test func `sources are asked in the order previous hop, origin, locator`() throws {
        let package = try Package()
        var node = LoaderFixture()
        node.need(
            package,
            from: LoaderFixture.node(1),
            origin: LoaderFixture.node(2),
            locator: "ring:\(package.digest)"
        )
        node.chunk(.absent, of: package.digest, from: LoaderFixture.node(1))
        node.chunk(.absent, of: package.digest, from: LoaderFixture.node(2))
        #expect(node.sent.map(\.peer.id) == [1, 2].map { LoaderFixture.node($0).id })
        #expect(node.probes.count == 1)
    }

    @Test func `a source is asked once even if every message names it`() throws {
        let package = try Package()
        var node = LoaderFixture()
        for _ in 0..<4 { node.need(package, origin: LoaderFixture.node(1)) }
        node.chunk(.absent, of: package.digest, from: LoaderFixture.node(1))
        #expect(node.sent.count == 1)
        #expect(node.abandoned.map(\.token) == [1, 2, 3, 4])
    }
}
