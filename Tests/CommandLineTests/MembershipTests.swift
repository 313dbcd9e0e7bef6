import Foundation
import Testing

/// A ring that only nodes with an operator's token may join (`Spec/identifiers.md` §8).
@Suite struct MembershipTests {
    /// An operator and the first node of a closed ring.
    private final class ClosedRing {
        let folder: TestFolder
        let founder: Daemon
        let address: String

        init() async throws {
            folder = try TestFolder()
            let key = try await Program.assembler.run(
                "key",
                "new",
                "op.key",
                "--no-passphrase",
                in: folder
            )
            try #require(key.status == 0, "\(key.err)")
            let closed = ["run", "--data-dir", "n1", "--ring", "lab", "--operator-key", "op.pub"]
            // Without a token it does not start, and says what its operator has to do.
            let refused = try await Program.prost.run(closed, in: folder)
            #expect(refused.status == 77)
            #expect(refused.err.contains("ring lab is closed and this node has no join token"))
            let token = try await Self.issue(
                for: try Self.key(in: refused.err),
                "n1.token",
                ["--days", "30"],
                folder
            )
            try #require(token.status == 0, "\(token.err)")
            founder = try Daemon(closed + ["--join-token", "n1.token"], in: folder)
            address = try #require(try await founder.announcement()["address"] as? String)
        }

        static func issue(
            for node: String,
            _ file: String,
            _ expiry: [String],
            _ folder: TestFolder
        ) async throws -> Program.Output {
            try await Program.assembler.run(
                ["token", "--ring", "lab", "--node", node, "--key-file", "op.key", "-o", file]
                    + expiry,
                in: folder
            )
        }

        /// The node's key in "… --node KEY …".
        static func key(in message: String) throws -> String {
            let words = message.split(whereSeparator: \.isWhitespace)
            let place = try #require(words.firstIndex(of: "--node"), "\(message)")
            return String(words[place + 1])
        }

        /// A second node, which does not know that the ring is closed.
        func join(_ more: String...) throws -> Daemon {
            try Daemon(
                ["run", "--data-dir", "n2", "--ring", "lab", "--join", address] + more,
                in: folder
            )
        }
    }

    @Test func `a node is refused without a token, let in with one, and out when it has expired`()
        async throws
    {
        let ring = try await ClosedRing()
        let refused = try await ring.join().outcome()
        #expect(refused.status == 77)
        let error = try object(Data(refused.out.split(separator: "\n").last.map(String.init)!.utf8))
        let content = try #require(error["error"] as? [String: Any])
        let message = try #require(content["message"] as? String)
        #expect(message.contains("join token required"))
        #expect(message.contains(ring.address))
        let node = try ClosedRing.key(in: try #require(content["hint"] as? String))

        let past = try await ClosedRing.issue(
            for: node,
            "past.token",
            ["--expires", "2020-01-31T12:00:00Z"],
            ring.folder
        )
        #expect(past.out.contains("expired at 2020-01-31T12:00:00Z already"))
        let expired = try await ring.join("--join-token", "past.token").outcome()
        #expect(expired.status == 77)
        #expect(expired.out.contains("join token expired"))
        // A node that knows the operator does not even ask.
        let local = try await ring.join("--join-token", "past.token", "--operator-key", "op.pub")
            .outcome()
        #expect(local.status == 77)
        #expect(local.out.contains("expired at 2020-01-31T12:00:00Z"))

        let other = String(repeating: "ab", count: 31) + "cd"
        let foreign = try await ClosedRing.issue(for: other, "other.token", [], ring.folder)
        if foreign.status == 0 {
            let wrong = try await ring.join("--join-token", "other.token").outcome()
            #expect(wrong.status == 77)
            #expect(wrong.out.contains("join token not valid"))
        }

        #expect(try await ClosedRing.issue(for: node, "n2.token", [], ring.folder).status == 0)
        let member = try ring.join("--join-token", "n2.token", "--operator-key", "op.pub")
        _ = try await member.announcement()
        try await Self.expectTwoMembers(ring.folder)
    }

    @Test func `the configuration file closes a ring as the flags do`() async throws {
        let ring = try await ClosedRing()
        let line = try #require(
            String(decoding: try ring.folder.read("op.pub"), as: UTF8.self)
                .split(separator: "\n").last
        )
        let settings = "name: lab, join: [\"\(ring.address)\"], operator_key: \(line)"
        try ring.folder.write(
            "node: { data_dir: n2 }\nring: { \(settings) }\n",
            "open.yaml"
        )
        let refused = try await Program.prost.run("run", "--config", "open.yaml", in: ring.folder)
        #expect(refused.status == 77)
        let node = try ClosedRing.key(in: refused.err)
        #expect(try await ClosedRing.issue(for: node, "n2.token", [], ring.folder).status == 0)
        try ring.folder.write(
            "node: { data_dir: n2 }\nring: { \(settings), join_token: n2.token }\n",
            "node.yaml"
        )
        let member = try Daemon(["run", "--config", "node.yaml"], in: ring.folder)
        _ = try await member.announcement()
        try await Self.expectTwoMembers(ring.folder)
    }

    @Test func `a token or operator key that is none is told with its file`() async throws {
        let folder = try TestFolder()
        try folder.write("no token", "text.token")
        try folder.write(String(repeating: "no token\n", count: 100), "long.token")
        try folder.write("no key", "text.pub")
        let arguments = ["run", "--data-dir", "n1", "--ring", "lab"]
        for (more, status, word) in [
            (["--join-token", "none.token"], 66, "none.token"),
            (["--join-token", "text.token"], 65, "text.token is no join token"),
            (["--join-token", "long.token"], 65, "long.token is no join token"),
            (["--operator-key", "none.pub"], 66, "none.pub"),
            (["--operator-key", "text.pub"], 65, "text.pub"),
        ] {
            let output = try await Program.prost.run(arguments + more, in: folder)
            #expect(output.status == Int32(status), "\(more): \(output.err)")
            #expect(output.err.contains(word), "\(output.err)")
        }
        try folder.write("ring: { operator_key: RWnothing }\n", "node.yaml")
        let bad = try await Program.prost.run("run", "--config", "node.yaml", in: folder)
        #expect(bad.status == 78)
        #expect(bad.err.contains("node.yaml:1: ring.operator_key: not a public key"))
    }

    private static func expectTwoMembers(_ folder: TestFolder) async throws {
        let deadline = Date().addingTimeInterval(30)
        var nodes: Any?
        while Date() < deadline, nodes as? Int != 2 {
            let status = try await Program.prost.run("status", "--node", "n2", "--json", in: folder)
            if status.status == 0 { nodes = try status.json["estimated_nodes"] }
        }
        #expect(nodes as? Int == 2)
    }
}
