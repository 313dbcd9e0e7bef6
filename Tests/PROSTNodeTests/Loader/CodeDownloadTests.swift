import Cryptography
import KBR
import PROSTNode
import PeerletPackage
import PeerletRuntime
import SansIO
import Testing

@Suite struct CodeDownloadTests {
    typealias Package = LoaderFixture.Package

    @Test func `a load ends at its deadline whatever the sources do`() throws {
        let package = try Package()
        var node = LoaderFixture { $0.loadTime = .seconds(3) }
        node.need(
            package,
            from: nil,
            locator: "file:/x",
            isLocalClient: true
        )
        let download = try #require(node.downloads.first)
        #expect(download.timeout == .seconds(3))
        for _ in 0..<3 { node.advance(milliseconds: 1000) }
        #expect(node.abandoned.map(\.error) == [.timedOut([])])
        #expect(node.cancelled == [download.attempt])
        node.downloaded(download, .success(package.bytes))
        #expect(node.resumed.isEmpty)
        #expect(node.loader.loaded(package.digest) == nil)
    }

    @Test func `a download that is too slow is cancelled and the next source asked`() throws {
        let package = try Package()
        var policy = NodePolicy.trusting([LoaderFixture.root.publicKey])
        policy.httpsHosts = ["code.example.org"]
        var node = LoaderFixture(policy: policy) { $0.minimumRate = 1000 }
        node.need(package, from: nil, locator: "https://code.example.org/kv.peerlet")
        node.need(package, from: nil, locator: "ring:\(package.digest)")
        let download = try #require(node.downloads.last)
        // A thousand bytes a second are fast enough, for as long as they come.
        for second in UInt64(1)...8 {
            node.progressed(download, bytes: 1000 * second)
            node.advance(milliseconds: 1000)
            #expect(node.cancelled.isEmpty, "after \(second) s")
        }
        node.progressed(download, bytes: 8100)
        // What another download brought does not count, nor what comes late.
        node.progressed(download, bytes: 9000, attempt: download.attempt &+ 1)
        node.progressed(download, bytes: 5)
        node.advance(milliseconds: 1000)
        #expect(node.cancelled == [download.attempt])
        #expect(node.probes.count == 1)
        node.downloaded(download, .success(package.bytes))
        #expect(node.resumed.isEmpty)
        node.chunk(.absent, of: package.digest, from: LoaderFixture.node(5))
        let failures = [
            SourceFailure(
                source: "https://code.example.org/kv.peerlet",
                reason: .tooSlow(bytes: 8100, span: 9000)
            ), SourceFailure(source: "ring", reason: .absent),
        ]
        #expect(node.abandoned.map(\.error) == [.unavailable(failures), .unavailable(failures)])
    }

    @Test func `downloads are only from hosts that policy names and files only for clients`() throws
    {
        let package = try Package()
        var policy = NodePolicy.trusting([LoaderFixture.root.publicKey])
        policy.httpsHosts = ["code.example.org"]
        var node = LoaderFixture(policy: policy)
        let refusals: [(String, LocatorError)] = [
            ("https://elsewhere.org/x", .hostNotAllowed("elsewhere.org")),
            ("file:/etc/passwd", .fileFromPeer),
            ("ring:sha256:" + String(repeating: "0", count: 64), .otherPackage),
            ("ftp://x/y", .unknownScheme("ftp")),
        ]
        for (locator, error) in refusals {
            let failure = SourceFailure(source: "locator", reason: .refused(error))
            #expect(
                node.need(package, from: nil, locator: locator).error == .unavailable([failure])
            )
        }
        #expect(node.downloads.isEmpty)
        node.need(package, from: nil, locator: "https://Code.Example.org/kv.peerlet")
        let download = try #require(node.downloads.last)
        #expect(download.source == .https("https://Code.Example.org/kv.peerlet"))
        node.downloaded(download, .success(package.bytes))
        #expect(node.resumed.count == 1)
    }
}
