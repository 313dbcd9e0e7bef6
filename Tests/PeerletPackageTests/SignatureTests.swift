import Cryptography
import Testing
import Wire

/// Vectors for Ed25519 as `Spec/identifiers.md` §6 narrows it.
struct SignatureVectors: Codable {
    struct Signature: Codable {
        var comment: String
        var publicKey: String
        var message: String
        var signature: String
        var isValid: Bool
    }

    struct Domain: Codable {
        var seed: String
        var domain: String
        var payload: String
        var encoding: String
        var signature: String
    }

    var signatures: [Signature]
    var refusedKeys: [String]
    var domains: [Domain]
}

@Suite(.serialized) struct SignatureTests {
    static let file = "identifiers/signatures.json"

    /// RFC 8032 §7.1, tests 1 to 3: seed, public key, message, signature.
    static let standard = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                + "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                + "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ]

    /// Valid by the equation alone, so libcrypto accepts it: R is the neutral point and S = k·a.
    static let smallOrderR =
        "0100000000000000000000000000000000000000000000000000000000000000"
        + "f0a69ddebb802c89e405561d3315c191f2a6a984f8b7999f1f271e28c0a9850d"

    /// The same signature with S + L in place of S.
    static func withLargerS(_ signature: [UInt8]) -> [UInt8] {
        let order = unhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        var result = signature
        var carry: UInt16 = 0
        for index in 0..<32 {
            let sum = UInt16(signature[32 + index]) + UInt16(order[index]) + carry
            result[32 + index] = UInt8(sum & 255)
            carry = sum >> 8
        }
        return result
    }

    static let refusedKeys: [String] = {
        let zeros = String(repeating: "00", count: 30)
        let ones = String(repeating: "ff", count: 30)
        let octant = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc"
        let other = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"
        return [
            "00\(zeros)00", "00\(zeros)80", "01\(zeros)00", "01\(zeros)80", "ec\(ones)7f",
            "ec\(ones)ff", "\(octant)05", "\(octant)85", "\(other)7a", "\(other)fa",
            // Not canonical: y ≥ p.
            "ed\(ones)7f", "ed\(ones)ff", "ee\(ones)7f", "ee\(ones)ff", "ff\(ones)7f",
            "ff\(ones)ff",
        ]
    }()

    static func vectors() throws -> SignatureVectors {
        let key = try PrivateKey(seed: unhex(standard[0].0))
        var signatures: [SignatureVectors.Signature] = []
        func add(
            _ comment: String,
            _ key: String,
            _ message: String,
            _ bytes: [UInt8],
            _ valid: Bool
        ) {
            signatures.append(
                .init(
                    comment: comment,
                    publicKey: key,
                    message: message,
                    signature: hex(bytes),
                    isValid: valid
                )
            )
        }
        for (index, vector) in standard.enumerated() {
            let signature = try PrivateKey(seed: unhex(vector.0)).signature(of: unhex(vector.2))
            add("RFC 8032 test \(index + 1)", vector.1, vector.2, signature, true)
        }
        let (_, publicKey, message, text) = standard[2]
        let signature = unhex(text)
        add("other message", publicKey, "af83", signature, false)
        add("other key", standard[1].1, message, signature, false)
        add("S + L in place of S", publicKey, message, withLargerS(signature), false)
        add("bit of R flipped", publicKey, message, signature.flipping(bit: 0), false)
        add("top bit of S set", publicKey, message, signature.flipping(bit: 511), false)
        add("63 bytes", publicKey, message, signature.dropLast(), false)
        add("65 bytes", publicKey, message, signature + [0], false)
        add("all zero", publicKey, message, [UInt8](repeating: 0, count: 64), false)
        add(
            "R of small order",
            standard[0].1,
            hex(Array("small order R".utf8)),
            unhex(smallOrderR),
            false
        )
        add(
            "key is not a point",
            "0200000000000000000000000000000000000000000000000000000000000000",
            message,
            signature,
            false
        )
        return SignatureVectors(
            signatures: signatures,
            refusedKeys: refusedKeys,
            domains: try SigningDomain.allCases.map { domain in
                let payload = Array("payload of \(domain.rawValue)".utf8)
                return .init(
                    seed: standard[0].0,
                    domain: domain.rawValue,
                    payload: hex(payload),
                    encoding: hex(domain.encoding(of: payload)),
                    signature: hex(try key.signature(of: payload, for: domain))
                )
            }
        )
    }

    @Test func `the signature vectors are what we make`() throws {
        try Vectors.check(Self.file, Self.vectors())
    }

    @Test func `the signature vectors are judged as they say`() throws {
        let vectors = try Vectors.read(Self.file, as: SignatureVectors.self)
        #expect(vectors.signatures.count(where: \.isValid) == 3)
        for vector in vectors.signatures {
            let key = try #require(PublicKey(raw: unhex(vector.publicKey)), "\(vector.comment)")
            let isValid = key.isValid(unhex(vector.signature), of: unhex(vector.message))
            #expect(isValid == vector.isValid, "\(vector.comment)")
        }
        for key in vectors.refusedKeys { #expect(PublicKey(raw: unhex(key)) == nil, "\(key)") }
        for vector in vectors.domains {
            let domain = try #require(SigningDomain(rawValue: vector.domain))
            let key = try PrivateKey(seed: unhex(vector.seed)).publicKey
            let (payload, signature) = (unhex(vector.payload), unhex(vector.signature))
            #expect(domain.encoding(of: payload) == unhex(vector.encoding))
            for other in SigningDomain.allCases {
                #expect(key.isValid(signature, of: payload, for: other) == (other == domain))
            }
        }
    }

    @Test func `signatures and keys are those of RFC 8032`() throws {
        for (seed, publicKey, message, signature) in Self.standard {
            let key = try PrivateKey(seed: unhex(seed))
            #expect(hex(key.publicKey.raw) == publicKey)
            #expect(hex(try key.signature(of: unhex(message))) == signature)
            #expect(hex(try key.seed()) == seed)
        }
    }

    @Test func `the encoding of a domain is plain to read`() {
        let encoding = SigningDomain.package.encoding(of: Array("abc".utf8))
        #expect(String(decoding: encoding, as: UTF8.self) == "PROSTv1 13 prost-package 3 abc")
    }

    @Test func `keys of a wrong length are refused`() {
        #expect(throws: CryptographyError.self) { try PrivateKey(seed: []) }
        #expect(throws: CryptographyError.self) {
            try PrivateKey(seed: [UInt8](repeating: 1, count: 33))
        }
        #expect(PublicKey(raw: []) == nil)
        #expect(PublicKey(raw: [UInt8](repeating: 7, count: 31)) == nil)
    }

    @Test func `PEM goes around and agrees with openssl`() throws {
        let openssl = try ForeignTool("openssl")
        let folder = try TemporaryFolder()
        let key = try PrivateKey.generate()
        try folder.write(key.pem(), to: "ours.pem")
        #expect(try PrivateKey(pem: key.pem()).publicKey == key.publicKey)
        let read = try openssl.run(
            ["pkey", "-in", "ours.pem", "-pubout", "-outform", "DER"],
            in: folder.url
        )
        #expect(Array(read.output.suffix(32)) == key.publicKey.raw)
        let made = try openssl.run(["genpkey", "-algorithm", "ed25519"], in: folder.url)
        #expect(try PrivateKey(pem: made.output).publicKey != key.publicKey)
        let other = try openssl.run(["genpkey", "-algorithm", "x25519"], in: folder.url)
        #expect(throws: CryptographyError.self) { try PrivateKey(pem: other.output) }
        let locked = try openssl.run(
            ["genpkey", "-algorithm", "ed25519", "-aes128", "-pass", "pass:x"],
            in: folder.url
        )
        #expect(locked.status == 0)
        #expect(throws: CryptographyError.self) { try PrivateKey(pem: locked.output) }
    }

    @Test func `a refusal says why`() {
        let error = #expect(throws: CryptographyError.self) {
            try PrivateKey(pem: Array("no key".utf8))
        }
        #expect(error?.operation == "PEM_read_bio_PrivateKey")
        #expect(error?.reasons.isEmpty == false)
        #expect(throws: CryptographyError.self) {
            try PrivateKey(pem: [UInt8](repeating: 65, count: 20_000))
        }
    }
}
