import Cryptography
import KBR
import PeerletBytecode
import PeerletPackage
import SansIO
import Testing
import Wire

struct PackageTests {
    private func check(_ bytes: [UInt8], now: WallTime = Fixture.now) throws -> SignedPackage {
        try PackageReader.checkEnvelope(bytes, now: now)
    }

    private func expect(
        _ error: PackageError,
        _ bytes: [UInt8],
        now: WallTime = Fixture.now,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: error, sourceLocation: location) { try check(bytes, now: now) }
    }

    @Test func `a package holds what was put into it`() throws {
        let bytes = try Fixture.delegated()
        let package = try check(bytes)
        let manifest = package.manifest
        let draft = Fixture.draft
        #expect(manifest.name == "dht")
        #expect(manifest.version == 7)
        #expect(manifest.applicationType == .endNode)
        #expect(manifest.rootKey == Fixture.root.publicKey)
        #expect(manifest.signerKey == Fixture.signer.publicKey)
        #expect(manifest.delegation?.epoch == 5)
        #expect(manifest.delegation?.expires == Fixture.hours(2))
        #expect(manifest.abiVersion == HostABI.version)
        #expect(manifest.priceVersion == OpcodeTable.priceVersion)
        #expect(manifest.notBefore == draft.notBefore)
        #expect(manifest.expires == draft.expires)
        #expect(manifest.instanceClass == .keyed)
        #expect(manifest.storeClass == .consistent)
        #expect(manifest.replicaCount == 3)
        #expect(manifest.limits == draft.limits)
        #expect(manifest.imports == ["kbr.self", "time.now"])
        #expect(manifest.exports == ["deliver", "init"])
        #expect(manifest.application == ApplicationID(rootKey: manifest.rootKey, name: "dht"))
        #expect(package.digest == SHA256.digest(bytes))
        #expect(package.bytes == bytes)
        #expect(try package.programImage() == Fixture.image)
    }

    @Test func `a root key signs without a delegation`() throws {
        let manifest = try check(Fixture.plain()).manifest
        #expect(manifest.delegation == nil)
        #expect(manifest.rootKey == manifest.signerKey)
        #expect(manifest.notBefore == nil)
        #expect(manifest.expires == nil)
    }

    @Test func `the same source gives the same bytes`() throws {
        #expect(try Fixture.delegated() == Fixture.delegated())
        #expect(try Fixture.delegated { $0.version = 8 } != Fixture.delegated())
    }

    @Test func `a package with any single bit changed is refused`() throws {
        for bytes in try [Fixture.plain(), Fixture.delegated()] {
            for bit in 0..<bytes.count * 8 {
                #expect(throws: PackageError.self, "bit \(bit)") {
                    try check(bytes.flipping(bit: bit))
                }
            }
        }
    }

    @Test func `a package cut short or with bytes after its end is refused`() throws {
        let bytes = try Fixture.delegated()
        for count in 0..<bytes.count {
            #expect(throws: PackageError.self) { try check(Array(bytes.prefix(count))) }
        }
        expect(
            .malformed(
                WireError(field: "package", offset: bytes.count, reason: .trailingBytes(1))
            ),
            bytes + [0]
        )
    }

    @Test func `missing, repeated, reordered and unknown sections are refused`() throws {
        let original = try check(Fixture.delegated())
        let (manifest, code) = (original.manifest.wireBytes, original.code)
        #expect(try check(Fixture.signed([(1, manifest), (2, code)])).code == code)
        let wrong: [[(UInt8, [UInt8])]] = [
            [], [(1, manifest)], [(2, code)], [(2, code), (1, manifest)],
            [(1, manifest), (1, manifest), (2, code)], [(1, manifest), (2, code), (2, code)],
            [(0, [1]), (1, manifest), (2, code)], [(1, manifest), (2, code), (3, [1])],
            [(1, manifest), (2, code), (126, [UInt8](repeating: 0, count: 64))],
            [(1, []), (2, code)], [(1, manifest), (2, [])], [(1, manifest + [0]), (2, code)],
        ]
        for sections in wrong {
            let bytes = try Fixture.signed(sections)
            let error = #expect(throws: PackageError.self) { try check(bytes) }
            #expect(error?.code == "malformed", "\(sections.map(\.0))")
        }
    }

    @Test func `another magic or container version is refused`() throws {
        for magic: [UInt8] in [[0, 0x61, 0x73, 0x6D, 1, 0, 0], [0, 0x50, 0x52, 0x53, 0x54, 0, 2]] {
            let error = #expect(throws: PackageError.self) {
                try check(Fixture.signed([], magic: magic))
            }
            #expect(error?.code == "malformed")
        }
    }

    @Test func `a length is refused before anything is allocated for it`() throws {
        let header: [UInt8] = [0, 0x50, 0x52, 0x53, 0x54, 0, 1, 1]
        for length: UInt64 in [UInt64(Manifest.byteLimit) + 1, 1 << 32, .max] {
            var writer = WireWriter()
            writer.varint(length)
            expect(
                .malformed(
                    WireError(
                        field: "manifest section",
                        offset: 8,
                        reason: .tooLarge(value: length, limit: UInt64(Manifest.byteLimit))
                    )
                ),
                header + writer.bytes
            )
        }
        let tooLong = [UInt8](repeating: 0, count: WireLimits.package + 1)
        expect(.tooLarge(count: tooLong.count, limit: WireLimits.package), tooLong)
    }

    @Test func `a package that was asked for by digest must have it`() throws {
        let bytes = try Fixture.plain()
        let digest = SHA256.digest(bytes)
        _ = try PackageReader.checkEnvelope(bytes, expecting: digest, now: Fixture.now)
        let other = SHA256.digest([])
        #expect(throws: PackageError.wrongDigest(expected: hex(other), actual: hex(digest))) {
            try PackageReader.checkEnvelope(bytes, expecting: other, now: Fixture.now)
        }
    }

    @Test func `another key's signature is refused`() throws {
        expect(.badSignature, try Fixture.forged({ _ in }, key: Fixture.stranger))
        expect(.badSignature, try Fixture.forged({ _ in }, key: Fixture.root))
    }

    @Test func `a package is valid from its first moment until before its last`() throws {
        let bytes = try Fixture.delegated()
        let (start, end) = (Fixture.hours(-1), Fixture.hours(1))
        _ = try check(bytes, now: start)
        _ = try check(bytes, now: WallTime(milliseconds: end.milliseconds - 1))
        expect(.expired(end), bytes, now: end)
        expect(
            .notYetValid(from: start),
            bytes,
            now: WallTime(milliseconds: start.milliseconds - 1)
        )
        #expect(try PackageReader.inspect(bytes).manifest.name == "dht")
    }

    @Test func `an expired delegation is refused`() throws {
        let bytes = try Fixture.delegated { $0.expires = nil }
        _ = try check(bytes, now: Fixture.hours(1))
        expect(.delegationExpired(Fixture.hours(2)), bytes, now: Fixture.hours(2))
    }

    @Test func `a delegation for another key or root is refused`() throws {
        let other = try Fixture.authority(for: Fixture.stranger)
        expect(.badDelegation, try Fixture.forged { $0.delegation = other.delegation })
        expect(
            .badDelegation,
            try Fixture.forged { $0.rootKey = Fixture.stranger.publicKey }
        )
        // A signature of the root over the same bytes for another purpose.
        var writer = WireWriter()
        writer.raw(Fixture.root.publicKey.raw)
        writer.raw(Fixture.signer.publicKey.raw)
        writer.u64(5)
        writer.u64(0)
        let misused = try Fixture.root.signature(of: writer.bytes, for: .peerlet)
        var fields = WireWriter()
        fields.u64(5)
        fields.u64(0)
        fields.raw(misused)
        let delegation = try Delegation(wireBytes: fields.bytes, "delegation")
        expect(.badDelegation, try Fixture.forged { $0.delegation = delegation })
    }

    @Test func `another ABI or price table is refused`() throws {
        expect(
            .unsupportedABI(version: 2, supported: HostABI.version),
            try Fixture.forged { $0.abiVersion = 2 }
        )
        expect(
            .unsupportedPriceTable(version: 9, supported: OpcodeTable.priceVersion),
            try Fixture.forged { $0.priceVersion = 9 }
        )
    }

    @Test func `code of another length or digest is refused`() throws {
        let count = try check(Fixture.delegated()).code.count
        expect(
            .codeLength(manifest: 1, actual: count),
            try Fixture.forged { $0.codeLength = 1 }
        )
        expect(.codeDigest, try Fixture.forged { $0.codeDigest = .zero })
    }

    @Test func `code is parsed only when it is asked for`() throws {
        let package = try check(Fixture.forged({ _ in }, code: [0xFF, 0xFF]))
        let error = #expect(throws: PackageError.self) { try package.programImage() }
        #expect(error?.code == "malformed-program")
    }

    @Test func `imports and exports are those of the program`() throws {
        for names in [[], ["kbr.self"], ["kbr.self", "st.put", "time.now"]] {
            let package = try check(Fixture.forged { $0.imports = names })
            #expect(throws: PackageError.importsDiffer) { try package.programImage() }
        }
        let package = try check(Fixture.forged { $0.exports = ["deliver"] })
        #expect(throws: PackageError.exportsDiffer) { try package.programImage() }
    }

    @Test func `an older epoch or version is refused and a version has one package`() throws {
        let package = try check(Fixture.delegated())
        let other = try check(Fixture.delegated { $0.replicaCount = 2 })
        try package.check(against: PackageFloor())
        let floor = PackageFloor().raised(by: package)
        #expect(floor == PackageFloor(epoch: 5, version: 7, digest: package.digest))
        try package.check(against: floor)
        #expect(throws: PackageError.versionReused(7)) { try other.check(against: floor) }
        #expect(throws: PackageError.staleVersion(7, floor: 8)) {
            try package.check(against: PackageFloor(epoch: 5, version: 8))
        }
        #expect(throws: PackageError.staleEpoch(5, floor: 6)) {
            try package.check(against: PackageFloor(epoch: 6))
        }
        // The root needs no epoch, and an older package does not lower the floor.
        let plain = try check(Fixture.plain())
        try plain.check(against: PackageFloor(epoch: 6))
        #expect(floor.raised(by: plain) == floor)
    }
}
