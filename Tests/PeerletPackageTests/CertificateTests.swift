import Cryptography
import Testing
import Wire

@Suite(.serialized) struct CertificateTests {
    struct Vector: Codable {
        var seed: String
        var notBefore: Int64
        var notAfter: Int64
        var der: String
    }

    static let start: Int64 = 1_700_000_000
    static let end: Int64 = 4_000_000_000

    static func key(_ byte: UInt8) throws -> PrivateKey {
        try PrivateKey(seed: [UInt8](repeating: byte, count: 32))
    }

    static func certificate(_ key: PrivateKey) throws -> [UInt8] {
        try NodeCertificate.issue(for: key, notBefore: start, notAfter: end).der
    }

    @Test func `the certificate vectors are what we make`() throws {
        let seed = [UInt8](repeating: 7, count: 32)
        // Before and after 2050 the two kinds of time in X.509 differ.
        let vectors = try [Self.end, 1_900_000_000].map { end in
            let key = try PrivateKey(seed: seed)
            let made = try NodeCertificate.issue(for: key, notBefore: Self.start, notAfter: end)
            return Vector(
                seed: hex(seed),
                notBefore: Self.start,
                notAfter: end,
                der: hex(made.der)
            )
        }
        try Vectors.check("identifiers/certificates.json", vectors)
    }

    @Test func `a certificate proves its key within its time`() throws {
        let key = try Self.key(1)
        let der = try Self.certificate(key)
        #expect(der.count < 300)
        for now in [Self.start, Self.start + 1, Self.end] {
            #expect(try NodeCertificate.provenKey(der: der, now: now) == key.publicKey)
        }
        #expect(throws: PeerCertificateError.notYetValid) {
            try NodeCertificate.provenKey(der: der, now: Self.start - 1)
        }
        #expect(throws: PeerCertificateError.expired) {
            try NodeCertificate.provenKey(der: der, now: Self.end + 1)
        }
    }

    @Test func `a certificate with any bit changed proves nothing`() throws {
        let der = try Self.certificate(Self.key(2))
        for bit in 0..<der.count * 8 {
            #expect(throws: PeerCertificateError.self, "bit \(bit)") {
                try NodeCertificate.provenKey(der: der.flipping(bit: bit), now: Self.start)
            }
        }
    }

    @Test func `a cut, extended or oversized certificate is refused`() throws {
        let der = try Self.certificate(Self.key(3))
        for count in 0..<der.count {
            #expect(throws: PeerCertificateError.self) {
                try NodeCertificate.provenKey(der: Array(der.prefix(count)), now: Self.start)
            }
        }
        #expect(throws: PeerCertificateError.self) {
            try NodeCertificate.provenKey(der: der + [0], now: Self.start)
        }
        #expect(throws: PeerCertificateError.tooLong(count: 5000)) {
            try NodeCertificate.provenKey(
                der: [UInt8](repeating: 0x30, count: 5000),
                now: Self.start
            )
        }
    }

    @Test func `a certificate that another key signed is refused`() throws {
        // The key of one inside the certificate of the other.
        let (mine, other) = try (Self.key(4), Self.key(5))
        var der = try Self.certificate(mine)
        let raw = mine.publicKey.raw
        let index = try #require(
            (0..<der.count - 32).first { Array(der[$0..<$0 + 32]) == raw }
        )
        der.replaceSubrange(index..<index + 32, with: other.publicKey.raw)
        #expect(throws: PeerCertificateError.badSignature) {
            try NodeCertificate.provenKey(der: der, now: Self.start)
        }
    }

    @Test func `other keys and unknown critical extensions are refused`() throws {
        let openssl = try ForeignTool("openssl")
        let folder = try TemporaryFolder()
        func certificate(_ algorithm: [String], _ more: [String] = []) throws -> [UInt8] {
            let made = try openssl.run(
                ["req", "-x509", "-nodes", "-newkey"] + algorithm
                    + ["-keyout", "key.pem", "-subj", "/CN=prost", "-days", "30000"]
                    + ["-outform", "DER"] + more,
                in: folder.url
            )
            try #require(made.status == 0)
            return made.output
        }
        let now = Self.end  // openssl makes certificates from its own clock on.
        let plain = try certificate(["ed25519"])
        #expect(
            try NodeCertificate.provenKey(der: plain, now: now)
                == PrivateKey(pem: folder.read("key.pem")).publicKey
        )
        #expect(throws: PeerCertificateError.wrongKeyType) {
            try NodeCertificate.provenKey(
                der: certificate(["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
                now: now
            )
        }
        #expect(throws: PeerCertificateError.unknownCriticalExtension) {
            try NodeCertificate.provenKey(
                der: certificate(
                    ["ed25519"],
                    ["-addext", "1.2.3.4=critical,ASN1:UTF8String:x"]
                ),
                now: now
            )
        }
    }

    @Test func `openssl reads our certificate`() throws {
        let openssl = try ForeignTool("openssl")
        let folder = try TemporaryFolder()
        let made = try NodeCertificate.issue(
            for: Self.key(6),
            notBefore: Self.start,
            notAfter: Self.end
        )
        try folder.write(made.pem(), to: "node.pem")
        let shown = try openssl.run(
            ["x509", "-in", "node.pem", "-noout", "-subject", "-issuer", "-enddate"],
            in: folder.url
        )
        #expect(
            String(decoding: shown.output, as: UTF8.self)
                == "subject=CN = prost\nissuer=CN = prost\nnotAfter=Oct  2 07:06:40 2096 GMT\n"
        )
        let verified = try openssl.run(
            ["verify", "-check_ss_sig", "-CAfile", "node.pem", "node.pem"],
            in: folder.url
        )
        #expect(verified.status == 0)
    }
}
