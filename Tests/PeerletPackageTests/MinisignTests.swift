import Cryptography
import Testing

struct MinisignTests {
    static let content = Array("a package of some peerlet".utf8)

    private func sign(_ key: MinisignSecretKey) throws -> MinisignSignature {
        try MinisignSignature(
            digest: BLAKE2b512.digest(Self.content),
            trustedComment: "prost app=dht version=1",
            signer: key
        )
    }

    @Test func `minisign accepts our keys and signatures`() throws {
        let minisign = try ForeignTool("minisign")
        let folder = try TemporaryFolder()
        let key = try MinisignSecretKey.generate()
        try folder.write(Self.content, to: "x.peerlet")
        try folder.write(key.publicKey.file, to: "key.pub")
        try folder.write(sign(key).file(), to: "x.peerlet.minisig")
        let verified = try minisign.run(
            ["-V", "-p", "key.pub", "-m", "x.peerlet"],
            in: folder.url
        )
        #expect(verified.status == 0)
        #expect(
            String(decoding: verified.output, as: UTF8.self).contains("prost app=dht version=1")
        )
        #expect(
            try minisign.run(["-V", "-P", key.publicKey.line, "-m", "x.peerlet"], in: folder.url)
                .status == 0
        )
        try folder.write(Self.content + [0], to: "x.peerlet")
        #expect(
            try minisign.run(["-V", "-p", "key.pub", "-m", "x.peerlet"], in: folder.url).status != 0
        )
    }

    @Test(arguments: [nil, "correct horse"])
    func `minisign signs with our secret key`(_ passphrase: String?) throws {
        let minisign = try ForeignTool("minisign")
        let folder = try TemporaryFolder()
        let key = try MinisignSecretKey.generate()
        try folder.write(Self.content, to: "x")
        try folder.write(
            key.file(passphrase: passphrase.map { Array($0.utf8) }, cost: .interactive),
            to: "key"
        )
        let made = try minisign.run(
            ["-S", "-s", "key", "-m", "x", "-t", "by minisign"],
            in: folder.url,
            input: (passphrase ?? "") + "\n"
        )
        #expect(made.status == 0)
        let signature = try MinisignSignature(file: folder.read("x.minisig"))
        #expect(signature.trustedComment == "by minisign")
        try signature.check(digest: BLAKE2b512.digest(Self.content), key: key.publicKey)
    }

    @Test func `we read the keys and signatures of minisign`() throws {
        let minisign = try ForeignTool("minisign")
        let folder = try TemporaryFolder()
        try folder.write(Self.content, to: "x")
        #expect(
            try minisign.run(["-G", "-W", "-p", "key.pub", "-s", "key"], in: folder.url).status == 0
        )
        let file = try folder.read("key")
        #expect(try !MinisignSecretKey.needsPassphrase(file: file))
        let key = try MinisignSecretKey(file: file)
        #expect(try MinisignPublicKey(file: folder.read("key.pub")) == key.publicKey)
        #expect(try minisign.run(["-S", "-s", "key", "-m", "x"], in: folder.url).status == 0)
        try MinisignSignature(file: folder.read("x.minisig"))
            .check(digest: BLAKE2b512.digest(Self.content), key: key.publicKey)
        #expect(try minisign.run(["-S", "-l", "-s", "key", "-m", "x"], in: folder.url).status == 0)
        #expect(throws: MinisignError.unsupportedAlgorithm("Ed")) {
            try MinisignSignature(file: folder.read("x.minisig"))
        }
    }

    @Test func `a key file goes around with and without passphrase`() throws {
        let key = try MinisignSecretKey.generate()
        #expect(try MinisignSecretKey(file: key.file()).publicKey == key.publicKey)
        let locked = try key.file(passphrase: [], cost: .interactive)
        #expect(try MinisignSecretKey.needsPassphrase(file: locked))
        #expect(try MinisignSecretKey(file: locked, passphrase: []).publicKey == key.publicKey)
        #expect(throws: MinisignError.passphraseNeeded) { try MinisignSecretKey(file: locked) }
        #expect(throws: MinisignError.wrongPassphrase) {
            try MinisignSecretKey(file: locked, passphrase: [1])
        }
        #expect(try MinisignPublicKey(file: Array(key.publicKey.line.utf8)) == key.publicKey)
        #expect(key.publicKey.line.count == 56)
        #expect(key.publicKey.line.hasPrefix("RW"))
    }

    @Test func `the cost of a passphrase is that of minisign and bounded`() throws {
        #expect(ScryptCost.sensitive.parameters == (20, 1))
        #expect(ScryptCost.interactive.parameters == (14, 1))
        let key = try MinisignSecretKey.generate()
        let text = String(
            decoding: try key.file(passphrase: [1], cost: .interactive),
            as: UTF8.self
        )
        let line = try #require(text.split(separator: "\n").last)
        for (byte, isTime) in [(40, true), (53, false), (45, true)] {
            var bytes = try #require(Base64.bytes(line.utf8))
            bytes[byte] = 0xFF
            if isTime { bytes[41] = 0x10 }
            let file = Array("untrusted comment: x\n\(Base64.text(bytes))\n".utf8)
            let error = #expect(throws: MinisignError.self) {
                try MinisignSecretKey(file: file, passphrase: [1])
            }
            guard case .tooExpensive = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test func `a signature for another file, key or comment is refused`() throws {
        let key = try MinisignSecretKey.generate()
        let signature = try sign(key)
        let digest = BLAKE2b512.digest(Self.content)
        try signature.check(digest: digest, key: key.publicKey)
        #expect(throws: MinisignError.badSignature) {
            try signature.check(digest: digest.flipping(bit: 3), key: key.publicKey)
        }
        let other = try MinisignSecretKey.generate()
        #expect(
            throws: MinisignError.otherKey(signature: "\(key.id)", key: "\(other.id)")
        ) { try signature.check(digest: digest, key: other.publicKey) }
        #expect(throws: MinisignError.badSignature) {
            try signature.check(
                digest: digest,
                key: MinisignPublicKey(id: key.id, key: other.key.publicKey)
            )
        }
        let text = String(decoding: try signature.file(), as: UTF8.self)
        let forged = text.replacing("version=1", with: "version=2")
        #expect(throws: MinisignError.badTrustedComment) {
            try MinisignSignature(file: Array(forged.utf8))
                .check(digest: digest, key: key.publicKey)
        }
        #expect(throws: MinisignError.self) {
            try MinisignSignature(digest: digest, trustedComment: "a\nb", signer: key)
        }
    }

    @Test func `a signature file with any byte changed is refused`() throws {
        let key = try MinisignSecretKey.generate()
        let file = try sign(key).file()
        let digest = BLAKE2b512.digest(Self.content)
        let unsigned = try #require(file.firstIndex(of: UInt8(ascii: "\n")))
        // Everything but the text of the untrusted comment.
        for index in file.indices where index < 19 || index >= unsigned {
            var changed = file
            changed[index] ^= 1
            #expect(throws: MinisignError.self, "byte \(index)") {
                try MinisignSignature(file: changed).check(digest: digest, key: key.publicKey)
            }
        }
        for count in 0..<file.count - 1 {
            #expect(throws: MinisignError.self) {
                try MinisignSignature(file: Array(file.prefix(count)))
                    .check(digest: digest, key: key.publicKey)
            }
        }
    }

    @Test func `files that are no keys are refused`() {
        let tooLong = [UInt8](repeating: 10, count: 20_000)
        for file in [[], Array("\n\n".utf8), Array("untrusted comment: x\nRWQ=\n".utf8), tooLong] {
            #expect(throws: MinisignError.self) { try MinisignSecretKey(file: file) }
            #expect(throws: MinisignError.self) { try MinisignPublicKey(file: file) }
            #expect(throws: MinisignError.self) { try MinisignSignature(file: file) }
        }
    }
}
