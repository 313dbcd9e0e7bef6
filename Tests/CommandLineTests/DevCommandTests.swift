import Foundation
import Testing

/// A ring that one command starts ends with it, however that ends.
@Suite struct DevCommandTests {
    private static func ring(_ document: [String: Any]) throws -> [Int32] {
        let nodes = try #require(document["nodes"] as? [[String: Any]])
        return try nodes.map { Int32(try #require($0["process"] as? Int)) }
    }

    /// Nodes that are processes of the ring in a folder, also such as it has not announced.
    private static func nodes(of folder: TestFolder) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init).filter {
            let link = "/proc/\($0)/cwd"
            let place = try? FileManager.default.destinationOfSymbolicLink(atPath: link)
            return place == folder.path && isAlive($0)
        }
    }

    /// What stays for the next ring: a key, its public half, the lock, what hides them from git.
    private static let permanent: Set = [".gitignore", "dev.key", "dev.pub", "lock"]

    private static func leftovers(in folder: TestFolder) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/.prost"))
    }

    @Test func `the ring is announced with its nodes, and gone after SIGTERM`() async throws {
        let folder = try TestFolder()
        let dev = try Daemon(["dev", "--nodes", "2"], in: folder)
        let document = try await dev.announcement()
        let processes = try Self.ring(document)
        #expect(processes.count == 2)
        #expect(processes.allSatisfy(isAlive))
        for node in try #require(document["nodes"] as? [[String: Any]]) {
            for key in ["name", "address", "id", "directory"] { #expect(node[key] is String) }
        }
        let second = try await Program.prost.run("dev", in: folder)
        #expect(second.status == 75)
        #expect(second.err.contains("already"))
        dev.signal(SIGTERM)
        #expect(try await dev.outcome().status == 0)
        #expect(!processes.contains(where: isAlive))
        #expect(try Self.leftovers(in: folder) == Self.permanent)
    }

    @Test func `kill -9 of dev leaves no node behind`() async throws {
        let folder = try TestFolder()
        let dev = try Daemon(["dev", "--nodes", "3", "--successors", "2"], in: folder)
        let processes = try Self.ring(try await dev.announcement())
        #expect(processes.allSatisfy(isAlive))
        dev.signal(SIGKILL)
        try await eventually("the end of all nodes", within: 20) {
            !processes.contains(where: isAlive)
        }
        // What it left in the folder does not keep the next one from starting.
        // It clears away the folder of the dead ring, keys and all.
        let next = try Daemon(["dev", "--nodes", "1"], in: folder)
        let document = try await next.announcement()
        #expect(try Self.ring(document).count == 1)
        let ring = try #require(document["ring"] as? String)
        #expect(
            try Self.leftovers(in: folder) == Self.permanent.union([ring, "dev.json"])
        )
    }

    @Test func `of two that start at once in one folder one runs`() async throws {
        let folder = try TestFolder()
        let both = try [0, 1].map { _ in
            try Daemon(["dev", "--nodes", "1"], in: folder)
        }
        try await eventually("the end of one") { both.contains { !$0.process.isRunning } }
        let first = try #require(both.firstIndex { !$0.process.isRunning })
        #expect(try await both[first].outcome().status == 75)
        #expect(try Self.ring(try await both[1 - first].announcement()).count == 1)
    }

    @Test func `dev tells when a node ends, and ends with the last`() async throws {
        let folder = try TestFolder()
        let dev = try Daemon(["dev", "--nodes", "3", "--successors", "2"], in: folder)
        let processes = try Self.ring(try await dev.announcement())
        kill(processes[2], SIGKILL)
        try await eventually("word of it") {
            dev.standardError.contains("dev-3 was killed by signal 9")
        }
        // The first node, which would be asked without a name, is not the only one that answers.
        kill(processes[0], SIGKILL)
        try await eventually("word of it") {
            dev.standardError.contains("dev-1 was killed by signal 9")
        }
        let check = try await Program.prost.run("ring", "check", "--all", "--json", in: folder)
        #expect(check.status == 1)
        let problems = try #require(try check.json["problems"] as? [String])
        #expect(problems.contains("dev-1 does not answer"))
        #expect(problems.contains("dev-3 does not answer"))
        #expect(try check.json["nodes_asked"] as? Int == 1)
        let dead = try await Program.prost.run("status", "--node", "dev-1", in: folder)
        #expect(dead.status == 69)
        #expect(dead.err.contains("nobody listens there"))
        #expect(dead.err.contains("prost dev"))
        // Who left is in no ring, so nobody is to ask it; with it the last is gone.
        #expect(try await Program.prost.run("leave", "--node", "dev-2", in: folder).status == 0)
        let outcome = try await dev.outcome()
        #expect(outcome.status == 69)
        #expect(outcome.err.contains("dev-2 left the ring"))
        #expect(try Self.leftovers(in: folder) == Self.permanent)
    }

    @Test func `a node that left is not asked any more`() async throws {
        let folder = try TestFolder()
        let dev = try Daemon(["dev", "--nodes", "4", "--successors", "2"], in: folder)
        _ = try await dev.announcement()
        #expect(try await Program.prost.run("leave", "--node", "dev-2", in: folder).status == 0)
        try await eventually("word of it") {
            dev.standardError.contains("dev-2 left the ring")
        }
        let unknown = try await Program.prost.run("status", "--node", "dev-2", in: folder)
        #expect(unknown.status == 69)
        #expect(unknown.err.contains("nodes here: dev-1, dev-3, dev-4"))
    }

    @Test func `a ring takes folders and several peerlets, and more of the folder's key`()
        async throws
    {
        let folder = try TestFolder()
        for (name, template) in [("hi", "hello"), ("total", "counter"), ("late", "hello")] {
            let new = try await Program.assembler.run(
                "new",
                name,
                "--template",
                template,
                in: folder
            )
            #expect(new.status == 0)
            #expect(new.out.contains("next: prost dev \(name)"))
        }
        let dev = try Daemon(["dev", "--nodes", "1", "hi", "total/main.pasm"], in: folder)
        let document = try await dev.announcement()
        #expect(document["applications"] as? [String] == ["hi", "total"])
        let call = try await Program.prost.run(
            "call",
            "hi",
            "client",
            "--payload",
            "you",
            in: folder
        )
        #expect(call.out == "hello, you\n", "\(call.err)")
        #expect(try await Program.prost.run("call", "total", "client", in: folder).out == "1\n")
        #expect(try await Program.assembler.run("build", "late", in: folder).status == 0)
        let late = try await Program.prost.run("deploy", "late.peerlet", in: folder)
        #expect(late.status == 0, "\(late.err)")
        // Of another key the ring wants to know first: where, and how that takes effect.
        _ = try await Program.assembler.run("key", "new", "o.key", "--no-passphrase", in: folder)
        _ = try await Program.assembler.run("build", "late", "--key-file", "o.key", in: folder)
        let other = try await Program.prost.run("deploy", "late.peerlet", in: folder)
        #expect(other.status == 77)
        let ring = try #require(document["ring"] as? String)
        #expect(other.err.contains("providers in .prost/\(ring)/policy.yaml"))
        let process = try #require(try Self.ring(document).first)
        #expect(other.err.contains("kill -HUP \(process)"))
    }

    @Test func `where .prost cannot be made dev says why`() async throws {
        let folder = try TestFolder()
        try folder.write("", ".prost")
        let output = try await Program.prost.run("dev", in: folder)
        #expect(output.status == 73)
        #expect(output.err.contains("cannot make .prost: it is there and no folder"))
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a signal before the ring is up ends what was started`(signal: Int32) async throws {
        let folder = try TestFolder()
        let build = try await Program.assembler.run("new", "app", in: folder)
        #expect(build.status == 0)
        #expect(
            try await Program.assembler.run("build", "app", "-o", "app.peerlet", in: folder)
                .status == 0
        )
        // Read from a pipe, the package keeps dev waiting until the signal has been sent.
        let pipe = folder.path + "/pipe.peerlet"
        let made = unsafe mkfifo(pipe, 0o600)
        try #require(made == 0)
        let dev = try Daemon(["dev", "--nodes", "16", "pipe.peerlet"], in: folder)
        var writer: Int32 = -1
        try await eventually("dev reading its package") {
            writer = unsafe open(pipe, O_WRONLY | O_NONBLOCK)
            return writer >= 0
        }
        dev.signal(signal)
        let handle = FileHandle(fileDescriptor: writer, closeOnDealloc: true)
        try handle.write(contentsOf: try folder.read("app.peerlet"))
        try handle.close()
        let outcome = try await dev.outcome()
        #expect(outcome.status == 128 + signal, "\(outcome.err)")
        #expect(outcome.out == "")
        #expect(try Self.nodes(of: folder) == [])
        #expect(try Self.leftovers(in: folder) == Self.permanent)
    }

    @Test func `what dev cannot run it refuses before it starts a node`() async throws {
        let folder = try TestFolder()
        try folder.write("no package", "text.peerlet")
        try folder.write(".prost 1\nproc f()\n  drop\nend\n", "bad.pasm")
        for (arguments, status) in [
            (["none.peerlet"], 66), (["none.pasm"], 66), (["none"], 66), (["."], 66),
            (["text.peerlet"], 65), (["bad.pasm"], 65),
            (["--nodes", "0"], 64), (["--nodes", "65"], 64), (["--successors", "1"], 64),
        ] {
            let output = try await Program.prost.run(["dev"] + arguments, in: folder)
            #expect(output.status == Int32(status), "\(arguments): \(output.err)")
            #expect(output.err.contains("error"))
            #expect(output.err.matches(of: /(?m)^error:/).count == 1, "\(output.err)")
        }
        #expect(try Self.nodes(of: folder) == [])
    }
}
