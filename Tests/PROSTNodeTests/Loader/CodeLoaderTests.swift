import Cryptography
import KBR
import PROSTNode
import PeerletBytecode
import PeerletPackage
import PeerletRuntime
import SansIO
import Testing

/// What is kept, refused and remembered.
struct CodeLoaderTests {
    typealias Package = LoaderFixture.Package

    /// Installs and expects success.
    private func install(_ package: Package, _ node: inout LoaderFixture) {
        #expect(node.install(package).isPending)
        #expect(node.loader.loaded(package.digest) != nil)
    }

    private func failure(_ package: Package, _ node: inout LoaderFixture) -> LoadError? {
        let count = node.abandoned.count
        if let error = node.need(package).error { return error }
        node.serveAll(package.bytes)
        return node.abandoned.count > count ? node.abandoned.last?.error : nil
    }

    // MARK: Failures

    @Test func `a package of an unknown provider is refused with the policy's reasons`() throws {
        let package = try Package()
        var node = LoaderFixture(policy: NodePolicy(file: "policy.yaml"))
        guard case .policy(let reasons)? = failure(package, &node) else {
            Issue.record("not refused by policy")
            return
        }
        #expect(reasons.map(\.code) == [.denied])
    }

    @Test func `a denied application is not even fetched`() throws {
        let package = try Package()
        var policy = NodePolicy.trusting([LoaderFixture.root.publicKey])
        let origin = RuleOrigin(file: "policy.yaml", line: 4, path: "apps[0]")
        var rule = PolicyRule()
        rule.access = Ruled(.deny, origin)
        policy.add(
            ApplicationRule(
                application: package.application,
                name: "kv",
                origin: origin,
                rule: rule
            )
        )
        var node = LoaderFixture(policy: policy)
        #expect(node.need(package).error != nil)
        #expect(node.sent.isEmpty)
    }

    @Test func `validity is judged by the wall clock and not yet valid is retried then`() throws {
        let start = LoaderFixture.start.wall.milliseconds
        let early = try Package { $0.notBefore = WallTime(milliseconds: start + 2000) }
        var node = LoaderFixture()
        #expect(
            failure(early, &node)
                == .package(.notYetValid(from: WallTime(milliseconds: start + 2000)))
        )
        node.advance(milliseconds: 2001)
        #expect(failure(early, &node) == nil)

        let late = try Package { $0.expires = WallTime(milliseconds: start + 5000) }
        var other = LoaderFixture()
        install(late, &other)
        other.advance(milliseconds: 5001)
        #expect(
            other.need(late).error == .package(.expired(WallTime(milliseconds: start + 5000)))
        )
    }

    @Test func `code that the verifier refuses is refused`() throws {
        let package = try Package(code: [Opcode.drop.rawValue, Opcode.ret.rawValue])
        var node = LoaderFixture()
        guard case .verification? = failure(package, &node) else {
            Issue.record("not refused by the verifier")
            return
        }
    }

    @Test func `any file that is no package is refused`() throws {
        let junk = Array("not a package at all".utf8)
        var package = try Package()
        package.bytes = junk
        package.digest = try #require(PackageDigest(bytes: SHA256.digest(junk)))
        var node = LoaderFixture()
        guard case .package(.malformed)? = failure(package, &node) else {
            Issue.record("not refused as malformed")
            return
        }
    }

    @Test func `a package above the limit is not taken from a client either`() throws {
        var package = try Package()
        package.bytes = [UInt8](repeating: 0, count: 1_048_577)
        var node = LoaderFixture()
        #expect(node.install(package).error == .tooLarge(count: 1_048_577, limit: 1_048_576))
    }

    @Test func `a failure is remembered for a while and checked once`() throws {
        let package = try Package(code: [Opcode.drop.rawValue])
        var node = LoaderFixture()
        let error = failure(package, &node)
        for _ in 0..<10 { #expect(node.need(package).error == error) }
        #expect(node.checks == 1)
        #expect(node.sent.count == 1)
        node.advance(milliseconds: 600_000)
        #expect(node.need(package).isPending)
    }

    @Test func `an unavailable package is asked for again soon`() throws {
        let package = try Package()
        var node = LoaderFixture()
        node.need(package)
        node.chunk(.absent, of: package.digest, from: LoaderFixture.node(1))
        #expect(node.need(package).error != nil)
        node.advance(milliseconds: 5000)
        #expect(node.need(package).isPending)
    }

    @Test func `a new policy forgets what the old one refused and nothing else`() throws {
        let package = try Package()
        let broken = try Package("broken", code: [Opcode.drop.rawValue])
        var node = LoaderFixture(policy: NodePolicy())
        #expect(failure(package, &node) != nil)
        node.loader.adopt(.trusting([LoaderFixture.root.publicKey]))
        #expect(failure(broken, &node) != nil)
        node.loader.adopt(.trusting([LoaderFixture.root.publicKey]))
        #expect(failure(package, &node) == nil)
        #expect(node.need(broken).error != nil)
    }

    @Test func `the memory of failures is bounded`() throws {
        var node = LoaderFixture { $0.rejections = 4 }
        let package = try Package()
        for byte in UInt8(0)..<20 {
            var other = package
            other.digest = try #require(PackageDigest(bytes: [UInt8](repeating: byte, count: 32)))
            node.need(other)
            node.chunk(.absent, of: other.digest, from: LoaderFixture.node(1))
            #expect(node.need(other).error != nil)
        }
        let remembered = try (UInt8(0)..<20).filter { byte in
            var other = package
            other.digest = try #require(PackageDigest(bytes: [UInt8](repeating: byte, count: 32)))
            guard case .unavailable? = node.need(other).error else { return false }
            return true
        }
        #expect(remembered.count == 4)
    }

    // MARK: Bounds

    @Test func `fetches are bounded by node, application and link`() throws {
        func other(_ package: Package, _ byte: UInt8) throws -> Package {
            var other = package
            other.digest = try #require(PackageDigest(bytes: [UInt8](repeating: byte, count: 32)))
            return other
        }
        let package = try Package()
        var node = LoaderFixture { $0.fetches = 6 }
        for byte in UInt8(1)...4 {
            let hop = LoaderFixture.node(UInt64(byte))
            #expect(node.need(try other(package, byte), from: hop).isPending)
        }
        #expect(
            node.need(try other(package, 5), from: LoaderFixture.node(5)).error
                == .busy(.fetchesPerApplication)
        )
        // Other applications need not wait for this one.
        #expect(!node.loader.isFull)
        var second = LoaderFixture()
        for byte in UInt8(1)...4 {
            let asked = try other(try Package("app-\(byte)"), byte)
            #expect(second.need(asked).isPending)
        }
        let fifth = try other(try Package("app-5"), 5)
        #expect(second.need(fifth).error == .busy(.fetchesPerLink))
        for byte in UInt8(11)...12 {
            let asked = try other(try Package("app-\(byte)"), byte)
            #expect(node.need(asked, from: LoaderFixture.node(9)).isPending)
        }
        let last = try other(try Package("app-13"), 13)
        #expect(node.need(last, from: LoaderFixture.node(10)).error == .busy(.fetches))
        #expect(node.loader.isFull)
    }

    @Test func `waiting messages are bounded in number and bytes and give room back`() throws {
        let package = try Package()
        var node = LoaderFixture { limits in
            limits.waitingPerApplication = 3
            limits.waitingBytesPerLink = 1000
        }
        #expect(node.need(package, byteCount: 900).isPending)
        #expect(node.need(package, byteCount: 101).error == .busy(.waitingPerLink))
        #expect(node.need(package, from: LoaderFixture.node(2)).isPending)
        #expect(node.need(package, from: LoaderFixture.node(3)).isPending)
        #expect(
            node.need(package, from: LoaderFixture.node(4)).error == .busy(.waitingPerApplication)
        )
        node.loader.forget(1, of: package.digest)
        #expect(node.need(package, byteCount: 1000).isPending)
        // Peers do not keep the node's own clients out.
        #expect(node.need(package, from: LoaderFixture.node(4)).error != nil)
        #expect(node.need(package, from: nil).isPending)
        node.serveAll(package.bytes)
        #expect(node.resumed == [3, 4, 6, 8])
        #expect(node.need(package).peerlet != nil)
    }

    @Test func `a message that names the wrong application is turned away alone`() throws {
        let package = try Package()
        let stranger = try Package("other").application
        var node = LoaderFixture()
        node.need(package, application: stranger)
        node.need(package)
        node.serveAll(package.bytes)
        let error = LoadError.wrongApplication(expected: stranger, found: package.application)
        #expect(node.resumed == [2])
        #expect(node.abandoned.map(\.token) == [1])
        #expect(node.abandoned.map(\.error) == [error])
        #expect(node.need(package, application: stranger).error == error)
    }

    @Test func `the least recently used code makes room and comes back from disk`() throws {
        let packages = try (0..<3).map { try Package("app-\($0)", padding: 100_000) }
        var node = LoaderFixture { $0.cachedBytes = 250_000 }
        for package in packages { install(package, &node) }
        #expect(node.loader.loaded(packages[0].digest) == nil)
        #expect(node.need(packages[0], from: nil).isPending)
        #expect(node.resumed == [1])
        #expect(node.sent.isEmpty)
        #expect(node.loader.loaded(packages[1].digest) == nil)
    }

    @Test func `code in use is never evicted`() throws {
        let packages = try (0..<3).map { try Package("app-\($0)", padding: 100_000) }
        var node = LoaderFixture { $0.cachedBytes = 250_000 }
        for package in packages[..<2] {
            install(package, &node)
            node.loader.pin(package.digest)
        }
        node.need(packages[2])
        node.serveAll(packages[2].bytes)
        #expect(node.abandoned.map(\.error) == [.busy(.cache)])
        node.loader.unpin(packages[0].digest)
        #expect(node.need(packages[2]).isPending)
        node.serveAll(packages[2].bytes)
        #expect(node.loader.loaded(packages[0].digest) == nil)
        #expect(node.loader.loaded(packages[2].digest) != nil)
    }

    @Test func `the disk is bounded and an evicted package leaves no row behind`() throws {
        var node = LoaderFixture { $0.storedPackages = 2 }
        for index in 0..<5 { install(try Package("app-\(index)", padding: 100_000), &node) }
        #expect(node.loader.held.map(\.name) == ["app-3", "app-4"])
        // Two packages of two pieces and an index row each, and the floors of all five.
        #expect(try node.store.usage(.node).rows == 11)
    }

    // MARK: Serving

    @Test func `what was loaded is served in pieces and nothing else`() throws {
        let package = try Package(padding: 100_000)
        var node = LoaderFixture()
        install(package, &node)
        func ask(_ offset: UInt32, _ length: UInt32) -> CodeChunk.Status {
            let fetch = CodeFetch(digest: package.digest, offset: offset, length: length)
            return node.step { loader, now, emit in loader.answer(fetch, at: now, &emit).status }
        }
        let total = UInt32(package.bytes.count)
        #expect(ask(0, 0) == .found(total: total, offset: 0, bytes: []))
        #expect(
            ask(65536, 65536)
                == .found(total: total, offset: 65536, bytes: Array(package.bytes[65536...]))
        )
        #expect(ask(total, 1) == .absent)
        #expect(ask(.max, .max) == .absent)
        let unknown = CodeFetch(
            digest: PackageDigest(.zero),
            offset: 0,
            length: 1
        )
        #expect(
            node.step { loader, now, emit in loader.answer(unknown, at: now, &emit).status }
                == .absent
        )
    }

    @Test func `a restarted node serves from its disk after saying busy once`() throws {
        let package = try Package()
        var node = LoaderFixture()
        install(package, &node)
        try node.restart()
        let fetch = CodeFetch(digest: package.digest, offset: 0, length: 65536)
        let statuses = (0..<2).map { _ in
            node.step { loader, now, emit in loader.answer(fetch, at: now, &emit).status }
        }
        let total = UInt32(package.bytes.count)
        #expect(statuses == [.busy, .found(total: total, offset: 0, bytes: package.bytes)])
    }

    // MARK: Restart

    @Test func `a restarted node has its code and its record`() throws {
        let package = try Package(padding: 200_000)
        var node = LoaderFixture()
        node.need(package)
        node.serveAll(package.bytes)
        let records = node.loader.records
        try node.restart()
        #expect(node.loader.records == records)
        #expect(node.need(package, from: nil).isPending)
        #expect(node.resumed == [1, 2])
        #expect(node.sent.count == 4)
    }

    @Test func `a damaged copy is dropped and fetched anew`() throws {
        let package = try Package(padding: 100_000)
        var node = LoaderFixture()
        install(package, &node)
        try node.restart()
        let page = try node.store.rows(
            .node,
            after: Array("code/piece/".utf8),
            descending: false,
            limit: 1
        )
        let row = try #require(page.first)
        node.store.apply(
            StoreBatchFixture.write(row.key, row.value.bytes.map { $0 ^ 1 })
        )
        node.store.sync()
        #expect(node.need(package).isPending)
        #expect(node.sent.count == 1)
        node.serveAll(package.bytes)
        #expect(node.resumed == [1])
    }

    @Test func `a damaged floor stops the node from starting`() throws {
        var node = LoaderFixture()
        install(try Package(), &node)
        let page = try node.store.rows(
            .node,
            after: Array("code/floor/".utf8),
            descending: false,
            limit: 1
        )
        let row = try #require(page.first)
        node.store.apply(StoreBatchFixture.write(row.key, Array(row.value.bytes.dropLast())))
        node.store.sync()
        #expect(throws: (any Error).self) { try node.restart() }
    }
}
