import Cryptography
import Testing
import Wire

struct DigestTests {
    @Test func `digests are those of the standards`() {
        let abc = Array("abc".utf8)
        #expect(
            hex(SHA256.digest(abc))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        )
        #expect(hex(SHA1.digest(abc)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            hex(BLAKE2b512.digest(abc))
                == "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
        )
    }

    @Test(arguments: [
        ([], "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8"),
        (Array("abc".utf8), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"),
        (
            [UInt8](repeating: 0, count: 128),
            "378d0caaaa3855f1b38693c1d6ef004fd118691c95c959d4efa950d6d6fcf7c1"
        ),
        (
            Array(0...255) + Array(0...255),
            "540b20132d8aeae54057cb69c24f95d26a1c472cc700dd450defe9bb796d4f14"
        ),
    ])
    func `BLAKE2b with short output is that of the standard`(_ input: [UInt8], _ digest: String) {
        #expect(hex(BLAKE2b256.digest(input)) == digest)
    }

    @Test func `parts and pieces give the digest of the whole`() {
        let whole = Array(0...255) as [UInt8]
        let digest = SHA256.digest(whole)
        #expect(SHA256.digest(Array(whole[..<100]), [], Array(whole[100...])) == digest)
        #expect(SHA256.digest(whole[...]) == digest)
        var pieces = IncrementalDigest.sha256()
        for byte in whole { pieces.update([byte]) }
        #expect(pieces.finish() == digest)
        var blake = IncrementalDigest.blake2b512()
        blake.update(whole)
        #expect(blake.finish() == BLAKE2b512.digest(whole))
    }

    @Test func `threads do not disturb each other`() async {
        let expected = (0..<64).map { SHA256.digest([UInt8](repeating: $0, count: 100)) }
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    (0..<50).allSatisfy { _ in
                        (0..<64).allSatisfy {
                            SHA256.digest([UInt8](repeating: $0, count: 100)) == expected[Int($0)]
                        }
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test(arguments: [
        (
            [UInt8](repeating: 0x0B, count: 20), "Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            Array("Jefe".utf8), "what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            [UInt8](repeating: 0xAA, count: 131),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        ([], "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ])
    func `HMAC is that of RFC 4231`(_ key: [UInt8], _ message: String, _ code: String) {
        let mac = HMACSHA256(key: key)
        // Twice: a key must survive its first use.
        #expect(hex(mac.code(Array(message.utf8))) == code)
        #expect(hex(mac.code(Array(message.utf8))) == code)
        #expect(mac.isValid(unhex(code), for: Array(message.utf8)))
        #expect(!mac.isValid(unhex(code).flipping(bit: 255), for: Array(message.utf8)))
        #expect(!mac.isValid([], for: Array(message.utf8)))
    }

    @Test func `random bytes differ and have the length asked for`() throws {
        #expect(try SystemRandom.bytes(32) != SystemRandom.bytes(32))
        #expect(try SystemRandom.bytes(0) == [])
        #expect(throws: CryptographyError.self) { try SystemRandom.bytes(-1) }
    }

    @Test func `Base64 is read only as it is written`() {
        for count in 0...20 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 200 + 17 * $0) }
            #expect(Base64.bytes(Base64.text(bytes).utf8) == bytes)
        }
        #expect(Base64.text(Array("foobar".utf8)) == "Zm9vYmFy")
        #expect(Base64.text(Array("fooba".utf8)) == "Zm9vYmE=")
        for text in [
            "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm9v\n", "Zm-v", "é===",
        ] {
            #expect(Base64.bytes(text.utf8) == nil, "\(text)")
        }
    }
}
