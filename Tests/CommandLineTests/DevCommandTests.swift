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
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/.prost") == [])
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
        let next = try Daemon(["dev", "--nodes", "1"], in: folder)
        #expect(try Self.ring(try await next.announcement()).count == 1)
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
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/.prost") == [])
    }

    @Test func `what dev cannot run it refuses before it starts a node`() async throws {
        let folder = try TestFolder()
        try folder.write("no package", "text.peerlet")
        try folder.write(".prost 1\nproc f()\n  drop\nend\n", "bad.pasm")
        for (arguments, status) in [
            (["none.peerlet"], 66), (["text.peerlet"], 65), (["bad.pasm"], 65),
            (["--nodes", "0"], 64), (["--nodes", "65"], 64), (["--successors", "1"], 64),
        ] {
            let output = try await Program.prost.run(["dev"] + arguments, in: folder)
            #expect(output.status == Int32(status), "\(arguments): \(output.err)")
            #expect(output.err.contains("error"))
        }
        #expect(try Self.nodes(of: folder) == [])
    }
}
