import Cryptography
import KBR
import PeerletBytecode
import PeerletPackage
import SansIO
import Testing
import Wire

/// Packages for other implementations: what to accept, and what to refuse for which reason.
struct PackageVectors: Codable {
    struct Accepted: Codable {
        var comment: String
        /// Milliseconds since 1970.
        var now: UInt64
        var bytes: String
        var digest: String
        var application: String
        var name: String
        var version: UInt64
        var rootKey: String
        var signerKey: String
        var imports: [String]
        var exports: [String]
        var codeLength: UInt32
    }

    struct Refused: Codable {
        var comment: String
        var now: UInt64
        var bytes: String
        var error: String
    }

    struct Keys: Codable {
        var rootSeed: String
        var signerSeed: String
    }

    var keys: Keys
    var accepted: [Accepted]
    var refused: [Refused]
}

@Suite(.serialized) struct PackageVectorTests {
    static let file = "package/packages.json"

    private static func refused() throws -> [(String, WallTime, [UInt8])] {
        let now = Fixture.now
        let whole = try Fixture.delegated()
        let package = try PackageReader.inspect(whole)
        let (manifest, code) = (package.manifest.wireBytes, package.code)
        let other = try Fixture.authority(for: Fixture.stranger).delegation
        return try [
            ("empty", now, []),
            ("cut short", now, whole.dropLast()),
            ("byte after the end", now, whole + [0]),
            ("bit of the version flipped", now, whole.flipping(bit: 19 * 8)),
            ("bit of the code flipped", now, whole.flipping(bit: (whole.count - 70) * 8)),
            ("bit of the signature flipped", now, whole.flipping(bit: (whole.count - 1) * 8)),
            ("other magic", now, Fixture.signed([], magic: [0, 0x61, 0x73, 0x6D, 1, 0, 0])),
            (
                "container version 2", now,
                Fixture.signed([], magic: [0, 0x50, 0x52, 0x53, 0x54, 0, 2])
            ),
            ("sections exchanged", now, Fixture.signed([(2, code), (1, manifest)])),
            ("unknown section", now, Fixture.signed([(1, manifest), (2, code), (3, [1])])),
            ("code twice", now, Fixture.signed([(1, manifest), (2, code), (2, code)])),
            ("byte after the manifest", now, Fixture.signed([(1, manifest + [0]), (2, code)])),
            ("signed by another key", now, Fixture.forged({ _ in }, key: Fixture.stranger)),
            ("delegation of another key", now, Fixture.forged { $0.delegation = other }),
            ("delegation expired", Fixture.hours(2), Fixture.delegated { $0.expires = nil }),
            ("not valid yet", Fixture.hours(-2), whole),
            ("expired", Fixture.hours(1), whole),
            ("ABI version 2", now, Fixture.forged { $0.abiVersion = 2 }),
            ("price table 9", now, Fixture.forged { $0.priceVersion = 9 }),
            ("code length of 1", now, Fixture.forged { $0.codeLength = 1 }),
            ("code digest of zeros", now, Fixture.forged { $0.codeDigest = .zero }),
            ("upper case in the name", now, Fixture.forged { $0.name = "Dht" }),
            ("replica count of 0", now, Fixture.forged { $0.replicaCount = 0 }),
            ("imports not sorted", now, Fixture.forged { $0.imports.reverse() }),
            ("imports not the program's", now, Fixture.forged { $0.imports = [] }),
            ("exports not the program's", now, Fixture.forged { $0.exports = ["init"] }),
            ("code is no program", now, Fixture.forged({ _ in }, code: [0xFF])),
        ]
    }

    private static func error(_ bytes: [UInt8], now: WallTime) -> String {
        do throws(PackageError) {
            _ = try PackageReader.checkEnvelope(bytes, now: now).programImage()
            return "none"
        } catch { return error.code }
    }

    private static func accepted(
        _ comment: String,
        _ bytes: [UInt8]
    ) throws -> PackageVectors.Accepted {
        let package = try PackageReader.checkEnvelope(bytes, now: Fixture.now)
        let manifest = package.manifest
        return .init(
            comment: comment,
            now: Fixture.now.milliseconds,
            bytes: hex(bytes),
            digest: hex(package.digest),
            application: try #require(manifest.application).identifier.hexadecimal,
            name: manifest.name,
            version: manifest.version,
            rootKey: hex(manifest.rootKey.raw),
            signerKey: hex(manifest.signerKey.raw),
            imports: manifest.imports,
            exports: manifest.exports,
            codeLength: manifest.codeLength
        )
    }

    @Test func `the package vectors are what we make`() throws {
        let vectors = PackageVectors(
            keys: .init(
                rootSeed: hex(try Fixture.root.seed()),
                signerSeed: hex(try Fixture.signer.seed())
            ),
            accepted: [
                try Self.accepted("signed by the root, all defaults", Fixture.plain()),
                try Self.accepted("signed by a delegate, all fields", Fixture.delegated()),
            ],
            refused: try Self.refused().map { comment, now, bytes in
                .init(
                    comment: comment,
                    now: now.milliseconds,
                    bytes: hex(bytes),
                    error: Self.error(bytes, now: now)
                )
            }
        )
        try Vectors.check(Self.file, vectors)
    }

    @Test func `the package vectors are judged as they say`() throws {
        let vectors = try Vectors.read(Self.file, as: PackageVectors.self)
        for vector in vectors.accepted {
            let now = WallTime(milliseconds: vector.now)
            let package = try PackageReader.checkEnvelope(unhex(vector.bytes), now: now)
            #expect(hex(package.digest) == vector.digest)
            #expect(package.manifest.name == vector.name)
            _ = try package.programImage()
        }
        for vector in vectors.refused {
            let now = WallTime(milliseconds: vector.now)
            #expect(Self.error(unhex(vector.bytes), now: now) == vector.error, "\(vector.comment)")
            #expect(vector.error != "none", "\(vector.comment)")
        }
        // Every reason that a single package can have is among them, but for its size.
        let reasons = Set(vectors.refused.map(\.error))
        #expect(reasons.count == 13, "\(reasons.sorted())")
    }
}
