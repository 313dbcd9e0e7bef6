import Cryptography
import KBR
import PeerletBytecode
import PeerletPackage
import SansIO
import Testing
import Wire

struct ManifestTests {
    private static func manifest() throws -> Manifest {
        try PackageReader.inspect(Fixture.delegated()).manifest
    }

    @Test func `whatever decodes is written back as the same bytes`() throws {
        let original = try Self.manifest().wireBytes
        var random = DeterministicRandom(seed: 42)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = original
            for _ in 0...random.next() % 3 {
                let index = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 4 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[index] ^= 1 << UInt8(random.next() % 8)
                case 2: bytes.remove(at: index)
                default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: index)
                }
            }
            guard let manifest = try? Manifest(wireBytes: bytes, "manifest") else { continue }
            accepted += 1
            #expect(manifest.wireBytes == bytes)
        }
        #expect(accepted > 1000)
    }

    @Test func `values out of their range are refused by name`() throws {
        func field(_ change: (inout Manifest) -> Void) throws -> String? {
            var manifest = try Self.manifest()
            change(&manifest)
            let error = #expect(throws: WireError.self) {
                try Manifest(wireBytes: manifest.wireBytes, "manifest")
            }
            return error?.field
        }
        #expect(try field { $0.name = "" } == "name")
        #expect(try field { $0.name = "Dht" } == "name")
        #expect(try field { $0.name = String(repeating: "a", count: 65) } == "name")
        #expect(try field { $0.replicaCount = 0 } == "replica count")
        #expect(try field { $0.replicaCount = 17 } == "replica count")
        #expect(try field { $0.expires = $0.notBefore } == "expires")
        #expect(try field { $0.imports = ["b", "a"] } == "imports")
        #expect(try field { $0.imports = ["a", "a"] } == "imports")
        #expect(try field { $0.imports = [""] } == "imports")
        #expect(try field { $0.exports = ["a b"] } == "exports")
        #expect(try field { $0.exports = ["é"] } == "exports")
        #expect(
            try field { $0.exports = [String(repeating: "x", count: 65)] } == "exports"
        )
        #expect(
            try field { $0.imports = (0..<65).map { "call\(100 + $0)" } } == "imports"
        )
    }

    @Test func `unknown choices and weak keys are refused by name`() throws {
        let original = try Self.manifest().wireBytes
        // Offsets after the name: length byte, three letters, eight bytes of version.
        let weak = [UInt8](repeating: 0, count: 32)
        func field(_ offset: Int, _ bytes: [UInt8]) -> String? {
            var changed = original
            changed.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            return #expect(throws: WireError.self) {
                try Manifest(wireBytes: changed, "manifest")
            }?.field
        }
        #expect(field(12, [2]) == "application type")
        #expect(field(13, weak) == "root key")
        #expect(field(45, weak) == "signer key")
        let classes = 77 + 80 + 4 + 16
        #expect(field(classes, [2]) == "instance class")
        #expect(field(classes + 1, [3]) == "store class")
    }

    @Test func `what a reader would refuse is not written`() throws {
        func code(
            _ image: ProgramImage = Fixture.image,
            authority: SigningAuthority? = nil,
            _ change: (inout ManifestDraft) -> Void = { _ in }
        ) -> String? {
            var draft = Fixture.draft
            change(&draft)
            let error = #expect(throws: PackageWriterError.self) {
                try PackageWriter.build(
                    draft,
                    image: image,
                    signer: Fixture.signer,
                    authority: authority
                )
            }
            guard case .invalid(let reason) = error else { return nil }
            return reason.code
        }
        #expect(code { $0.name = "No" } == "malformed")
        #expect(code { $0.replicaCount = 0 } == "malformed")
        #expect(code { $0.expires = $0.notBefore } == "malformed")
        // Zero stands for "never" in the file.
        #expect(code { $0.expires = WallTime(milliseconds: 0) } == "malformed")
        #expect(
            code(authority: try Fixture.authority(for: Fixture.stranger)) == "bad-delegation"
        )
        var twice = Fixture.image
        twice.exports.append(twice.exports[0])
        #expect(code(twice) == "malformed")
        var large = Fixture.image
        large.data = [.init(address: 0, bytes: [UInt8](repeating: 1, count: 1 << 20))]
        #expect(code(large) == "too-large")
        #expect(throws: CryptographyError.self) {
            try Fixture.authority(expires: WallTime(milliseconds: 0))
        }
    }
}
