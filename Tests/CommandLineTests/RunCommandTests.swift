import Foundation
import Testing

/// The daemon: how it starts, what it refuses, how it ends.
@Suite struct RunCommandTests {
    @Test func `a node says where it listens and leaves when it is told to`() async throws {
        let folder = try TestFolder()
        let node = try Daemon(["run", "--data-dir", "n1", "--ring", "lab"], in: folder)
        let up = try await node.announcement()
        #expect(up["event"] as? String == "listening")
        #expect(up["ring"] as? String == "lab")
        #expect(up["name"] as? String == "n1")
        #expect((up["key"] as? String)?.count == 64)
        #expect(up["socket"] as? String == "n1/node.sock")
        let leave = try await Program.prost.run("leave", "--node", "n1", "--json", in: folder)
        #expect(leave.status == 0)
        #expect(try leave.json["leaving"] as? Bool == true)
        #expect(try await node.outcome().status == 0)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/n1/node.sock"))
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal ends a node properly`(signal: Int32) async throws {
        let folder = try TestFolder()
        let node = try Daemon(["run", "--data-dir", "n1", "--ring", "lab"], in: folder)
        _ = try await node.announcement()
        node.signal(signal)
        #expect(try await node.outcome().status == 0)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal ends a node that finds nobody to join`(signal: Int32) async throws {
        let folder = try TestFolder()
        let node = try Daemon(
            ["run", "--data-dir", "n1", "--ring", "lab", "--join", "127.0.0.1:9"],
            in: folder
        )
        _ = try await node.announcement()
        // By the third time it waits longer than anybody wants to.
        try await eventually("three attempts") {
            node.standardError.components(separatedBy: "join.contact_failed").count > 3
        }
        let attempts = node.standardError.components(separatedBy: "join.contact_failed").count
        node.signal(signal)
        let outcome = try await node.outcome()
        #expect(outcome.status == 0)
        let log = outcome.err
        #expect(log.contains("not reachable: nobody listens there"))
        #expect(!log.contains("SingleConnectionFailure"))
        let after = try #require(log.components(separatedBy: "ring.left").last)
        #expect(!after.contains("join.contact_failed"))
        #expect(log.components(separatedBy: "join.contact_failed").count <= attempts + 1)
    }

    @Test func `a node with a lifeline ends with its standard input`() async throws {
        let folder = try TestFolder()
        let node = try Daemon(["run", "--data-dir", "n1", "--ring", "lab"], in: folder)
        _ = try await node.announcement()
        node.end()
        #expect(try await node.outcome().status == 0)
    }

    @Test(arguments: [
        (["--ring", "lab"], "--data-dir"),
        (["--data-dir", "n1"], "--ring"),
        (["--data-dir", "n1", "--ring", "lab", "--listen", "here"], "HOST:PORT"),
        (["--data-dir", "n1", "--ring", "lab", "--listen", "0.0.0.0:0"], "--advertise"),
        (["--data-dir", "n1", "--ring", "lab", "--join", "there"], "HOST:PORT"),
        (["--data-dir", "n1", "--ring", "lab", "--successors", "1"], "2 to 16"),
        (["--data-dir", "n1", "--ring", "lab", "--replicas", "17"], "1 to 16"),
        (["--data-dir", "n1", "--ring", "lab", "--lanes", "0"], "1 to 64"),
        (["--data-dir", "n1", "--ring", "lab", "--log-level", "loud"], "debug"),
        (["--data-dir", "n1", "--ring", ""], "1 to 64 bytes"),
        (["--data-dir", "n1", "--ring", "a\nb"], "control"),
        (["--data-dir", "n1", "--ring", String(repeating: "x", count: 65)], "65 bytes"),
        (["--data-dir", "n1", "--ring", "lab", "--name", ""], "--name"),
    ])
    func `wrong usage says what is right`(arguments: [String], word: String) async throws {
        let folder = try TestFolder()
        let output = try await Program.prost.run(["run"] + arguments, in: folder)
        #expect(output.status == 64)
        #expect(output.err.contains(word), "\(output.err)")
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/n1"))
    }

    @Test func `a configuration file sets what flags do not, and its mistakes are told`()
        async throws
    {
        let folder = try TestFolder()
        try folder.write(
            "policy: p.yaml\nrin: { name: lab }\nchord: { successors: 1 }\n",
            "bad.yaml"
        )
        let bad = try await Program.prost.run("run", "--config", "bad.yaml", in: folder)
        #expect(bad.status == 78)
        #expect(bad.err.contains("bad.yaml:2: unknown key rin; did you mean ring?"))
        #expect(bad.err.contains("bad.yaml:3: chord.successors"))
        try folder.write("defaults: { access: deny }\n", "p.yaml")
        try folder.write(
            "node: { name: alpha, data_dir: n1 }\nring: { name: lab }\npolicy: p.yaml\n",
            "node.yaml"
        )
        let node = try Daemon(["run", "--config", "node.yaml", "--ring", "other"], in: folder)
        let up = try await node.announcement()
        #expect(up["name"] as? String == "alpha")
        #expect(up["ring"] as? String == "other")
        let status = try await Program.prost.run("status", "--node", "n1", "--json", in: folder)
        #expect(try status.json["ring"] as? String == "other")
    }

    @Test func `what is in the way of a folder or file is told in words`() async throws {
        let folder = try TestFolder()
        try folder.write(#"ring: { name: "a\ab" }"#, "bell.yaml")
        try folder.write("", "file")
        for (arguments, status, words) in [
            (["policy", "check", "."], 66, ".: cannot be read: it is a folder"),
            (["run", "--config", "."], 66, ".: cannot be read: it is a folder"),
            (["run", "--config", "bell.yaml"], 78, "bell.yaml:1: ring.name: a name has 1 to 64"),
            (["run", "--data-dir", "file", "--ring", "lab"], 73, "cannot make file: it is there"),
            (["run", "--data-dir", "file/n1", "--ring", "lab"], 73, "cannot make file/n1: "),
        ] {
            let output = try await Program.prost.run(arguments, in: folder)
            #expect(output.status == Int32(status), "\(arguments)")
            #expect(output.err.contains(words), "\(output.err)")
            #expect(!output.err.contains("Cocoa"))
            #expect(!output.err.contains("could not be completed"), "\(output.err)")
        }
    }

    @Test func `a folder or port that is taken is left to who has it`() async throws {
        let folder = try TestFolder()
        let node = try Daemon(["run", "--data-dir", "n1", "--ring", "lab"], in: folder)
        let up = try await node.announcement()
        let second = try await Program.prost.run(
            "run",
            "--data-dir",
            "n1",
            "--ring",
            "lab",
            in: folder
        )
        #expect(second.status == 75)
        #expect(second.err.contains("n1 is in use by another node"))
        let address = try #require(up["address"] as? String)
        let third = try await Program.prost.run(
            "run",
            "--data-dir",
            "n2",
            "--ring",
            "lab",
            "--listen",
            address,
            in: folder
        )
        #expect(third.status == 73)
        #expect(third.err.contains("cannot listen on \(address)"))
        #expect(third.err.contains("help:"))
    }

    @Test func `a folder or key that is open to others is refused`() async throws {
        let folder = try TestFolder()
        let arguments = ["run", "--data-dir", "n1", "--ring", "lab"]
        let node = try Daemon(arguments, in: folder)
        _ = try await node.announcement()
        node.end()
        #expect(try await node.outcome().status == 0)
        for (file, mode) in [("n1", 0o750), ("n1/node.key", 0o604), ("n1/lock", 0o620)] {
            let path = folder.path + "/" + file
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            let output = try await Program.prost.run(arguments, in: folder)
            #expect(output.status == 77, "\(file): \(output.err)")
            #expect(output.err.contains("\(file) is open to other users"))
            #expect(output.err.contains("chmod go= \(file)"))
            try FileManager.default.setAttributes(
                [.posixPermissions: attributes[.posixPermissions] ?? 0],
                ofItemAtPath: path
            )
        }
    }
}
