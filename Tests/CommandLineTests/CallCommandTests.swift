import Foundation
import Testing

/// Packages that are deployed and methods that are called.
@Suite struct CallCommandTests {
    @Test func `what one node stores another reads`() async throws {
        let ring = try await SharedRing.running
        let put = try await ring.prost(
            "call",
            "dht",
            "put",
            "--key",
            "fruit",
            "--payload",
            "pear",
            "--node",
            "dev-1"
        )
        #expect(put.status == 0, "\(put.err)")
        #expect(put.out == "1\n")
        #expect(put.err.contains("8 bytes, shown as a number"))
        #expect(put.err.contains("→ node at"))
        #expect(put.err.contains("from --node"))
        #expect(put.err.contains("hops"))
        let get = try await ring.prost("call", "dht", "get", "--key", "fruit", "--node", "dev-3")
        #expect(get.status == 0)
        #expect(get.out == "pear\n")
        let json = try await ring.prost(
            "call",
            "dht",
            "get",
            "--key",
            "fruit",
            "--node",
            "dev-2",
            "--json"
        ).json
        #expect(json["status"] as? Int == 0)
        let payload = (json["payload"] as? String).flatMap { Data(base64Encoded: $0) }
        #expect(payload == Data("pear".utf8))
        for key in ["node", "address", "hops", "fuel"] { #expect(json[key] != nil, "\(key)") }
    }

    @Test func `bytes go in and out of files as they are`() async throws {
        let ring = try await SharedRing.running
        let bytes = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) })
        try bytes.write(to: URL(fileURLWithPath: ring.folder.path + "/in.bin"))
        let put = try await ring.prost(
            "call",
            "dht",
            "put",
            "--key",
            "file",
            "--file",
            "in.bin",
            "--node",
            "dev-1",
            "--output",
            "version"
        )
        #expect(put.status == 0, "\(put.err)")
        #expect(put.out == "")
        #expect(try ring.folder.read("version").count == 8)
        let get = try await ring.prost(
            "call",
            "dht",
            "get",
            "--key",
            "file",
            "--node",
            "dev-2",
            "--output",
            "out.bin"
        )
        #expect(get.status == 0)
        #expect(try ring.folder.read("out.bin") == bytes)
        let shown = try await ring.prost("call", "dht", "get", "--key", "file", "--node", "dev-2")
        #expect(shown.out.hasPrefix("1000 bytes: 00070e15"))
    }

    @Test func `a file that cannot be opened is not taken for an empty one`() async throws {
        let ring = try await SharedRing.running
        let put = ["call", "dht", "put", "--key", "kept", "--node", "dev-1"]
        let first = try await Program.prost.run(put + ["--payload", "gold"], in: ring.folder)
        #expect(first.status == 0, "\(first.err)")
        // A socket of a node is there, and opening it fails for root too.
        let node = ring.folder.path + "/.prost"
        let files = FileManager.default.enumerator(atPath: node)
        let names = (files?.allObjects ?? []).compactMap { $0 as? String }
        let socket = try #require(names.first { $0.hasSuffix("/node.sock") }, "\(names)")
        let second = try await Program.prost.run(
            put + ["--file", "\(node)/\(socket)"],
            in: ring.folder
        )
        #expect(second.status == 66)
        #expect(second.err.hasPrefix("error: cannot read "), "\(second.err)")
        let get = ["call", "dht", "get", "--key", "kept", "--node", "dev-2"]
        #expect(try await Program.prost.run(get, in: ring.folder).out == "gold\n")
    }

    @Test func `an answer that is no has an exit code and words for it`() async throws {
        let ring = try await SharedRing.running
        let absent = try await ring.prost("call", "dht", "get", "--key", "none", "--node", "dev-1")
        #expect(absent.status == 1)
        #expect(absent.out == "")
        #expect(absent.err.contains("there is nothing under this key"))
        let json = try await ring.prost(
            "call",
            "dht",
            "get",
            "--key",
            "none",
            "--node",
            "dev-1",
            "--json"
        )
        #expect(json.status == 1)
        let details = try #require(try json.error["details"] as? [String: Any])
        #expect(details["status"] as? Int == -3)
        let poor = try await ring.prost(
            "call",
            "dht",
            "get",
            "--key",
            "none",
            "--node",
            "dev-1",
            "--fuel",
            "10"
        )
        #expect(poor.status == 65, "\(poor.err)")
        #expect(poor.err.contains("too little fuel"))
        #expect(poor.err.contains("--fuel"))
    }

    @Test func `a call that cannot be made says what can`() async throws {
        let ring = try await SharedRing.running
        let method = try await ring.prost("call", "dht", "putt", "--node", "dev-1")
        #expect(method.status == 66)
        #expect(method.err.contains("methods: get, put, remove"))
        let application = try await ring.prost("call", "dhd", "put", "--node", "dev-1")
        #expect(application.status == 66)
        #expect(application.err.contains("prost app list"))
        let file = try await ring.prost(
            "call",
            "dht",
            "put",
            "--key",
            "k",
            "--file",
            "none.txt",
            "--node",
            "dev-1"
        )
        #expect(file.status == 66)
        #expect(file.err.contains("none.txt"))
        let id = try await ring.prost("call", "dht", "get", "--id", "12", "--node", "dev-1")
        #expect(id.status == 64)
        let both = try await ring.prost(
            "call",
            "dht",
            "get",
            "--key",
            "a",
            "--id",
            "b",
            "--node",
            "dev-1"
        )
        #expect(both.status == 64)
        try ring.folder.write(String(repeating: "x", count: 65_537), "large.txt")
        let large = try await ring.prost(
            "call",
            "dht",
            "put",
            "--key",
            "k",
            "--file",
            "large.txt",
            "--node",
            "dev-1"
        )
        #expect(large.status == 65)
        #expect(large.err.contains("in parts"))
    }

    @Test func `deploy says what runs where and what to do next`() async throws {
        let ring = try await SharedRing.running
        let output = try await ring.prost("deploy", ring.package, "--node", "dev-2")
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out.hasPrefix("deployed dht 1.0.0 on node \(ring.nodes[1].id.prefix(8))"))
        #expect(output.out.contains("next"))
        let json = try await ring.prost("deploy", ring.package, "--node", "dev-2", "--json").json
        #expect(json["name"] as? String == "dht")
        #expect(json["running"] as? Bool == true)
        for key in ["application", "version", "digest", "node"] {
            #expect(json[key] is String, "\(key)")
        }
    }

    @Test(arguments: [
        "nonsense", "http://code.example.org/dht.peerlet", "https://", "file:/etc/passwd",
        "ring:sha256:12", "ring:sha256:" + String(repeating: "0", count: 64),
    ])
    func `deploy refuses a locator that nobody could follow`(locator: String) async throws {
        let ring = try await SharedRing.running
        let output = try await ring.prost(
            "deploy",
            ring.package,
            "--locator",
            locator,
            "--node",
            "dev-1"
        )
        #expect(output.status == 65)
        #expect(output.err.contains("locator"))
        #expect(output.err.contains("https://HOST/PATH"))
    }

    @Test func `deploy takes a locator of the same package`() async throws {
        let ring = try await SharedRing.running
        let digest = try #require(
            try await ring.prost("deploy", ring.package, "--node", "dev-3", "--json")
                .json["digest"] as? String
        )
        let output = try await ring.prost(
            "deploy",
            ring.package,
            "--locator",
            "ring:sha256:\(digest)",
            "--node",
            "dev-3"
        )
        #expect(output.status == 0, "\(output.err)")
    }
}
