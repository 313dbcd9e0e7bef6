import Cryptography
import KBR
import Testing
import Wire

struct IdentifierVectors: Codable {
    struct Node: Codable {
        var publicKey: String
        var index: UInt16
        var id: String
    }

    struct Key: Codable {
        var name: String
        var id: String
    }

    struct Application: Codable {
        var rootKey: String
        var name: String
        var id: String
    }

    struct Token: Codable {
        var operatorKey: String
        var node: String
        var ring: String
        var expires: UInt64
        var token: String
    }

    var nodes: [Node]
    var keys: [Key]
    var applications: [Application]
    var refusedNames: [String]
    var joinTokens: [Token]
}

@Suite(.serialized) struct IdentifierTests {
    static let file = "identifiers/identifiers.json"
    static let longest = String(repeating: "a", count: 64)
    static let refused = ["", "A", "é", "a b", "a/b", "a\u{0}", longest + "a", "ａ", "a\n"]

    static func vectors() throws -> IdentifierVectors {
        let keys = try (1...2).map { try PrivateKey(seed: [UInt8](repeating: $0, count: 32)) }
        let root = keys[0].publicKey
        return IdentifierVectors(
            nodes: keys.flatMap { key in
                [0, 1, 258, .max].map { index in
                    .init(
                        publicKey: hex(key.publicKey.raw),
                        index: index,
                        id: Identifier.node(key.publicKey, index: index).hexadecimal
                    )
                }
            },
            keys: ["", "hello", "Grüße", "a/b"].map {
                .init(name: $0, id: Identifier.key(named: $0).hexadecimal)
            },
            applications: ["dht", "a", "com.example_kv-2", longest].map {
                .init(
                    rootKey: hex(root.raw),
                    name: $0,
                    id: ApplicationID(rootKey: root, name: $0)!.identifier.hexadecimal
                )
            },
            refusedNames: refused,
            joinTokens: try [0, 1_800_000_000_000].map { (expires: UInt64) in
                let token = try JoinToken.issue(
                    ring: "prost",
                    node: keys[1].publicKey,
                    expires: expires,
                    operator: keys[0]
                )
                return .init(
                    operatorKey: hex(root.raw),
                    node: hex(keys[1].publicKey.raw),
                    ring: "prost",
                    expires: expires,
                    token: hex(token.wireBytes)
                )
            }
        )
    }

    @Test func `the identifier vectors are what we make`() throws {
        try Vectors.check(Self.file, Self.vectors())
    }

    @Test func `identifiers are the digests that the specification writes down`() throws {
        let vectors = try Vectors.read(Self.file, as: IdentifierVectors.self)
        for vector in vectors.nodes {
            let input =
                Array("prost-node-v1".utf8) + unhex(vector.publicKey)
                + [UInt8(vector.index >> 8), UInt8(vector.index & 255)]
            #expect(hex(SHA256.digest(input)) == vector.id)
        }
        for vector in vectors.keys {
            #expect(hex(SHA256.digest(Array(vector.name.utf8))) == vector.id)
        }
        for vector in vectors.applications {
            let input =
                Array("prost-app-v1".utf8) + unhex(vector.rootKey) + [UInt8(vector.name.utf8.count)]
                + Array(vector.name.utf8)
            #expect(hex(SHA256.digest(input)) == vector.id)
        }
        #expect(
            Identifier.key(named: "hello").hexadecimal
                == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        )
    }

    @Test func `names that look alike do not exist`() throws {
        let root = try PrivateKey(seed: [UInt8](repeating: 1, count: 32)).publicKey
        for name in Self.refused {
            #expect(ApplicationID(rootKey: root, name: name) == nil, "\(name)")
        }
    }

    @Test func `a join token admits one node to one ring until it expires`() throws {
        let keys = try (1...3).map { try PrivateKey(seed: [UInt8](repeating: $0, count: 32)) }
        let (owner, node, other) = (keys[0], keys[1].publicKey, keys[2].publicKey)
        let made = try JoinToken.issue(ring: "lab", node: node, expires: 1000, operator: owner)
        #expect(made.wireBytes.count == JoinToken.byteCount)
        let token = try JoinToken(wireBytes: made.wireBytes, "join token")
        #expect(token == made)
        func admits(
            _ token: JoinToken,
            node: PublicKey = node,
            ring: String = "lab",
            owner key: PublicKey = owner.publicKey,
            now: UInt64 = 999
        ) -> Bool {
            token.admits(node, to: ring, operator: key, now: now)
        }
        #expect(admits(token))
        #expect(!admits(token, now: 1000))
        #expect(!admits(token, node: other))
        #expect(!admits(token, ring: "labs"))
        #expect(!admits(token, owner: other))
        let forever = try JoinToken.issue(ring: "lab", node: node, expires: 0, operator: owner)
        #expect(admits(forever, now: .max))
        for bit in 0..<JoinToken.byteCount * 8 {
            let changed = try JoinToken(wireBytes: token.wireBytes.flipping(bit: bit), "token")
            #expect(!admits(changed, now: 0), "bit \(bit)")
        }
        #expect(throws: WireError.self) {
            try JoinToken(wireBytes: token.wireBytes.dropLast(), "token")
        }
    }
}
