import KBR
import PROSTNode
import SansIO
import Testing
import Wire

struct CodeMessagesTests {
    static let digest = PackageDigest(Identifier(words: (1, 2, 3, 4)))
    static let chunks = [
        CodeChunk(digest: digest, status: .found(total: 9, offset: 4, bytes: [1, 2, 3])),
        CodeChunk(digest: digest, status: .absent),
        CodeChunk(digest: digest, status: .busy),
    ]

    @Test func `messages read back as they were written and truncated ones are refused`() throws {
        let fetch = CodeFetch(digest: Self.digest, offset: 5, length: 65536)
        #expect(try CodeFetch(wireBytes: fetch.wireBytes, "fetch") == fetch)
        for count in 0..<fetch.wireBytes.count {
            #expect(throws: WireError.self) {
                try CodeFetch(wireBytes: Array(fetch.wireBytes.prefix(count)), "fetch")
            }
        }
        for chunk in Self.chunks {
            let bytes = chunk.wireBytes
            #expect(try CodeChunk(wireBytes: bytes, "chunk") == chunk)
            for count in 0..<bytes.count {
                #expect(throws: WireError.self) {
                    try CodeChunk(wireBytes: Array(bytes.prefix(count)), "chunk")
                }
            }
            #expect(throws: WireError.self) { try CodeChunk(wireBytes: bytes + [0], "chunk") }
        }
    }

    @Test func `lengths over the limit and unknown statuses are refused`() {
        let long = CodeFetch(digest: Self.digest, offset: 0, length: 65537)
        #expect(throws: WireError.self) { try CodeFetch(wireBytes: long.wireBytes, "fetch") }
        #expect(throws: WireError.self) {
            try CodeChunk(wireBytes: Self.digest.bytes + [3], "chunk")
        }
        var writer = WireWriter()
        writer.raw(Self.digest.bytes)
        writer.u8(0)
        writer.u32(1)
        writer.u32(0)
        writer.varint(65537)
        #expect(throws: WireError.self) { try CodeChunk(wireBytes: writer.bytes, "chunk") }
    }

    static let locators: [(String, CodeLocator?)] = [
        ("ring:\(digest)", .ring(digest)),
        ("https://a.example/x", .https(host: "a.example", url: "https://a.example/x")),
        (
            "https://A.example:8443/x?y",
            .https(host: "a.example", url: "https://A.example:8443/x?y")
        ),
        ("file:/tmp/kv.peerlet", .file(path: "/tmp/kv.peerlet")),
        ("", nil), ("ring", nil), ("ring:", nil), ("ring:sha256:12", nil),
        ("ring:md5:00", nil), ("http://a.example/x", nil), ("https:a.example/x", nil),
        ("https://a.example", nil), ("https://user@a.example/x", nil),
        ("https://a.example:0/x", nil), ("https://a.example:99999/x", nil),
        ("https://[::1]/x", nil), ("https:///x", nil), ("https://-a/x", nil),
        ("https://a.example/x#y", nil), ("https://a.example\\@b/x", nil),
        ("https://a.example /x", nil), ("file:tmp", nil), ("file://host/x", nil),
        ("https://ä.example/x", nil), ("https://a/\u{1b}[31m", nil),
        ("https://a/" + String(repeating: "x", count: 300), nil),
    ]

    @Test(arguments: locators)
    func `a locator is read strictly`(_ text: String, _ expected: CodeLocator?) {
        #expect((try? CodeLocator(text)) == expected)
    }
}
