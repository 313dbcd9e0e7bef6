import Cryptography
import KBR
import PROSTNode
import PeerletPackage
import PeerletRuntime
import SansIO
import Testing

/// Versions only go up, also over a restart.
struct VersionFloorTests {
    typealias Package = LoaderFixture.Package

    private func load(_ package: Package, _ node: inout LoaderFixture) -> LoadError? {
        let count = node.abandoned.count
        if let error = node.need(package).error { return error }
        node.serveAll(package.bytes)
        return node.abandoned.count > count ? node.abandoned.last?.error : nil
    }

    @Test(arguments: [false, true])
    func `an older version is refused and an equal one must be the same`(restarts: Bool) throws {
        let newest = try Package(version: 5)
        let older = try Package(version: 4)
        let twin = try Package(version: 5, padding: 10)
        var node = LoaderFixture()
        #expect(load(newest, &node) == nil)
        if restarts { try node.restart() }
        #expect(load(older, &node) == .package(.staleVersion(4, floor: 5)))
        #expect(load(twin, &node) == .package(.versionReused(5)))
        #expect(load(newest, &node) == nil)
        #expect(node.loader.floors.versions[newest.application]?.version == 5)
    }

    @Test func `the floor survives the loss of the package itself`() throws {
        let newest = try Package(version: 5)
        var node = LoaderFixture { $0.storedPackages = 1 }
        #expect(load(newest, &node) == nil)
        #expect(load(try Package("other"), &node) == nil)
        try node.restart()
        #expect(load(try Package(version: 4), &node) == .package(.staleVersion(4, floor: 5)))
    }

    @Test func `a newer version upgrades and the older stays until it is replaced`() throws {
        let old = try Package(version: 1)
        let new = try Package(version: 2)
        var node = LoaderFixture()
        #expect(load(old, &node) == nil)
        node.loader.pin(old.digest)
        #expect(load(new, &node) == nil)
        #expect(node.loader.loaded(old.digest) != nil)
        #expect(node.loader.newest(of: old.application)?.manifest.version == 2)
    }

    @Test func `a message for an older version gets the newer one`() throws {
        let old = try Package(version: 1)
        let new = try Package(version: 2)
        var node = LoaderFixture()
        #expect(load(new, &node) == nil)
        #expect(node.need(old, version: 1).peerlet?.manifest.version == 2)
        #expect(node.sent.count == 1)
    }

    @Test func `a claimed version alone raises no floor`() throws {
        let package = try Package(version: 3)
        var node = LoaderFixture()
        node.need(package, version: .max)
        node.serveAll(package.bytes)
        #expect(node.loader.floors.versions[package.application]?.version == 3)
        #expect(load(try Package(version: 4), &node) == nil)
    }

    @Test func `two versions checked at once leave the higher one`() throws {
        let old = try Package(version: 1)
        let new = try Package(version: 2)
        var node = LoaderFixture()
        node.holdsChecks = true
        node.need(old)
        node.serveAll(old.bytes)
        node.need(new)
        node.serveAll(new.bytes)
        // Both passed the floor of their lane; the second to report loses if it is older.
        #expect(node.heldChecks.count == 2)
        let checks = node.heldChecks
        for check in checks.reversed() {
            let report = check.run(reading: node.store)
            node.step { loader, now, emit in loader.checked(report, at: now, &emit) }
        }
        #expect(node.resumed == [2])
        #expect(node.abandoned.map(\.error) == [.package(.staleVersion(1, floor: 2))])
    }

    @Test(arguments: [false, true])
    func `a signer of an older epoch is refused`(restarts: Bool) throws {
        let root = LoaderFixture.root
        func package(_ seed: UInt8, epoch: UInt64, version: UInt64) throws -> Package {
            let signer = LoaderFixture.key(seed)
            let delegation = try Delegation.issue(
                root: root,
                signer: signer.publicKey,
                epoch: epoch,
                expires: nil
            )
            return try Package(
                version: version,
                signer: signer,
                authority: SigningAuthority(rootKey: root.publicKey, delegation: delegation)
            )
        }
        var node = LoaderFixture()
        #expect(load(try package(2, epoch: 7, version: 1), &node) == nil)
        if restarts { try node.restart() }
        #expect(
            load(try package(3, epoch: 6, version: 2), &node)
                == .package(.staleEpoch(6, floor: 7))
        )
        #expect(load(try package(4, epoch: 8, version: 2), &node) == nil)
    }
}
