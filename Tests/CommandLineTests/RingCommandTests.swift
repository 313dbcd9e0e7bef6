import Foundation
import Testing

/// Commands that show a ring and its nodes.
@Suite struct RingCommandTests {
    @Test func `status shows a node on one screen`() async throws {
        let ring = try await SharedRing.running
        let node = ring.nodes[1]
        let output = try await ring.prost("status", "--node", node.name)
        #expect(output.status == 0)
        #expect(output.out.hasPrefix("\(node.name)  \(node.id.prefix(8))"))
        #expect(output.out.contains("formed"))
        #expect(output.out.split(separator: "\n").count < 24)
        let json = try await ring.prost("status", "--node", node.name, "--json").json
        #expect(json["id"] as? String == node.id)
        #expect(json["phase"] as? String == "formed")
        for key in [
            "name", "address", "ring", "settled", "estimated_nodes", "successors", "connections",
            "applications", "instances", "under_replicated", "messages", "fuel", "limits",
        ] { #expect(json[key] != nil, "\(key)") }
    }

    @Test func `a node is named by its folder, its socket or PROST_NODE as well`() async throws {
        let ring = try await SharedRing.running
        let file = try object(try ring.folder.read(".prost/dev.json"))
        let nodes = try #require(file["nodes"] as? [[String: Any]])
        let folder = try #require(nodes[2]["directory"] as? String)
        for target in [folder, folder + "/node.sock"] {
            let json = try await ring.prost("status", "--node", target, "--json").json
            #expect(json["id"] as? String == ring.nodes[2].id)
        }
        let json = try await ring.prost(
            "status",
            "--json",
            environment: ["PROST_NODE": "dev-3"]
        ).json
        #expect(json["id"] as? String == ring.nodes[2].id)
    }

    @Test func `ring show tells a node's neighbours`() async throws {
        let ring = try await SharedRing.running
        let output = try await ring.prost("ring", "show", "--node", "dev-2")
        #expect(output.status == 0)
        for word in ["this node", "predecessor", "successor 1", "successor 2"] {
            #expect(output.out.contains(word))
        }
        for node in ring.nodes { #expect(output.out.contains(node.id.prefix(8))) }
        let json = try await ring.prost("ring", "show", "--node", "dev-2", "--json").json
        let successors = try #require(json["successors"] as? [[String: Any]])
        let known =
            successors.map { $0["id"] as? String }
            + [(json["node"] as? [String: Any])?["id"] as? String]
        #expect(Set(known) == Set(ring.nodes.map(\.id)))
    }

    @Test func `ring check finds one ring in order, and a node that does not answer`() async throws
    {
        let ring = try await SharedRing.running
        let output = try await ring.prost("ring", "check", "--all")
        #expect(output.status == 0)
        #expect(output.out == "ok: 3 nodes asked, one ring in order\n")
        let json = try await ring.prost("ring", "check", "--all", "--json").json
        #expect(json["ok"] as? Bool == true)
        #expect(json["nodes_asked"] as? Int == 3)
        // A folder without a running node.
        let gone = ring.folder.path + "/gone"
        try FileManager.default.createDirectory(
            atPath: gone,
            withIntermediateDirectories: true
        )
        let arguments = ["ring", "check", "--also", gone, "--json"]
        let silent = try await Program.prost.run(arguments + ["--node", "dev-1"], in: ring.folder)
        #expect(silent.status == 1)
        #expect(try silent.json["problems"] as? [String] == ["\(gone) does not answer"])
        // Where nobody answers there is nothing to check; nobody else is asked instead.
        #expect(try await Program.prost.run(arguments, in: ring.folder).status == 69)
    }

    @Test func `ring check takes no name that is not known`() async throws {
        let ring = try await SharedRing.running
        for arguments in [["--node", "typo"], ["--node", "dev-1", "--also", "typo"]] {
            let output = try await Program.prost.run(
                ["ring", "check"] + arguments,
                in: ring.folder
            )
            #expect(output.status == 69)
            #expect(output.err.contains("there is no node 'typo'"))
        }
    }

    @Test func `app list and top show the application that runs`() async throws {
        let ring = try await SharedRing.running
        let list = try await ring.prost("app", "list", "--node", "dev-1")
        #expect(list.status == 0)
        let lines = list.out.split(separator: "\n")
        #expect(lines.first?.hasPrefix("app") == true)
        #expect(lines.last?.hasPrefix("dht") == true)
        #expect(lines.last?.contains("get,put,remove") == true)
        let top = try await ring.prost("top", "--once", "--node", "dev-1")
        #expect(top.status == 0)
        #expect(top.out.contains("dht  ready"))
        #expect(!top.out.contains("\u{1B}"))
        let json = try await ring.prost("top", "--once", "--json", "--node", "dev-1").json
        let applications = try #require(json["applications"] as? [[String: Any]])
        #expect(applications.map { $0["name"] as? String } == ["dht"])
        #expect((json["status"] as? [String: Any])?["name"] as? String == "dev-1")
        for key in ["application", "digest", "code_from", "methods", "instances", "limits"] {
            #expect(applications[0][key] != nil, "\(key)")
        }
    }

    @Test func `lookup with trace shows every hop to the responsible node`() async throws {
        let ring = try await SharedRing.running
        var roots = Set<String>()
        for node in ring.nodes {
            let json = try await ring.prost(
                "lookup",
                "colour",
                "--node",
                node.name,
                "--json"
            ).json
            let root = try #require(json["root"] as? String)
            roots.insert(root)
            let path = try #require(json["path"] as? [[String: Any]])
            #expect(path.first?["id"] as? String == node.id)
            #expect(path.last?["id"] as? String == root)
            #expect(json["hops"] as? Int == path.count - 1)
            let text = try await ring.prost("lookup", "colour", "--trace", "--node", node.name)
            #expect(text.status == 0)
            #expect(text.out.contains("root  \(root)"))
            let rows = text.out.split(separator: "\n").drop { !$0.hasPrefix("hop") }
            #expect(rows.count == path.count + 1)
        }
        #expect(roots.count == 1)
        #expect(ring.nodes.contains { roots.contains($0.id) })
    }

    @Test func `colour and words besides are as asked for`() async throws {
        let ring = try await SharedRing.running
        for (options, variables, isBold) in [
            ([], [:], false), (["--color", "always"], ["NO_COLOR": "1"], true),
            ([], ["FORCE_COLOR": "1"], true), ([], ["FORCE_COLOR": "0"], false),
            (["--color", "never"], ["FORCE_COLOR": "1"], false),
        ] as [([String], [String: String], Bool)] {
            let output = try await Program.prost.run(
                ["ring", "show", "--node", "dev-1"] + options,
                in: ring.folder,
                environment: variables
            )
            #expect(output.out.contains("\u{1B}[1m") == isBold, "\(options) \(variables)")
        }
        let call = try await ring.prost(
            "call",
            "dht",
            "put",
            "--key",
            "quiet",
            "--payload",
            "x",
            "--node",
            "dev-1",
            "-q"
        )
        #expect(call.status == 0)
        #expect(call.out == "1\n")
        #expect(call.err == "")
    }

    /// On a terminal, which script(1) provides.
    @Test func `a table is bold on a terminal unless NO_COLOR is set`() async throws {
        let ring = try await SharedRing.running
        for (variable, isBold) in [("NO_COLOR", false), ("SOME_COLOR", true)] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/script")
            process.arguments = [
                "-qec", "\(Program.prost.executable.path) ring show --node dev-1", "/dev/null",
            ]
            process.currentDirectoryURL = URL(fileURLWithPath: ring.folder.path)
            process.environment = ["TERM": "xterm", variable: "1"]
            process.standardInput = FileHandle.nullDevice
            let file = ring.folder.path + "/terminal.\(variable)"
            process.standardOutput = try Program.file(file)
            try process.run()
            try await eventually("the end of ring show") { !process.isRunning }
            let text = try String(contentsOfFile: file, encoding: .utf8)
            #expect(text.contains("this node"))
            #expect(text.contains("\u{1B}[1m") == isBold, "\(variable)")
        }
    }
}
