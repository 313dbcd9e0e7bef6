import Foundation
import Synchronization
import Testing

/// A program that stays until it is told to end; whatever becomes of the tests, its lifeline ends
/// it.
final class Daemon: @unchecked Sendable {
    let process: Process
    private let lifeline = Pipe()
    private let name: String
    /// Kept until the process has ended, which writes there to the last.
    private let folder: TestFolder

    /// Starts `prost ARGUMENTS --lifeline --json`.
    init(
        _ arguments: [String],
        in folder: TestFolder,
        environment: [String: String] = [:]
    ) throws {
        self.folder = folder
        process = Program.prost.process(
            arguments + ["--lifeline", "--json"],
            in: folder,
            environment: environment
        )
        name = folder.path + "/daemon-" + UUID().uuidString.prefix(8)
        process.standardInput = lifeline
        process.standardOutput = try Program.file(name + ".out")
        process.standardError = try Program.file(name + ".err")
        try process.run()
    }

    deinit {
        end()
        let deadline = Date().addingTimeInterval(15)
        while process.isRunning, Date() < deadline { usleep(5000) }
        if process.isRunning { signal(SIGKILL) }
    }

    var standardError: String {
        (try? String(contentsOfFile: name + ".err", encoding: .utf8)) ?? ""
    }

    /// The document that it prints once it is up.
    func announcement() async throws -> [String: Any] {
        var line = ""
        try await eventually("an announcement of \(process.arguments ?? [])") {
            let text = try String(contentsOfFile: name + ".out", encoding: .utf8)
            if let end = text.firstIndex(of: "\n") { line = String(text[..<end]) }
            guard !line.isEmpty || process.isRunning else {
                throw TookTooLong(description: "it ended: \(standardError)")
            }
            return !line.isEmpty
        }
        return try object(Data(line.utf8))
    }

    /// The end that comes by itself: exit code and what was printed.
    func outcome() async throws -> Program.Output {
        try await eventually("the end of \(process.arguments ?? [])") { !process.isRunning }
        return Program.Output(
            status: process.terminationStatus,
            out: try String(contentsOfFile: name + ".out", encoding: .utf8),
            err: standardError
        )
    }

    func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    /// Lets go of the lifeline.
    func end() { try? lifeline.fileHandleForWriting.close() }
}

/// A ring of `prost dev` with the dht, which all tests that change nothing in it share.
final class SharedRing: Sendable {
    let folder: TestFolder
    let nodes: [(name: String, id: String)]
    /// The deployed package, inside the folder.
    let package = "dht.peerlet"
    private let daemon: Daemon

    private static let shared = Task { try await SharedRing() }

    static var running: SharedRing { get async throws { try await shared.value } }

    private init() async throws {
        folder = try TestFolder()
        let source = Program.repository.appendingPathComponent("PeerletASM/dht/dht.pasm").path
        let build = try await Program.assembler.run("build", source, "-o", package, in: folder)
        try #require(build.status == 0, "\(build.err)")
        daemon = try Daemon(
            ["dev", "--nodes", "3", "--successors", "2", package],
            in: folder
        )
        let ring = try await daemon.announcement()
        let list = try #require(ring["nodes"] as? [[String: Any]])
        nodes = try list.map { node in
            (
                name: try #require(node["name"] as? String), id: try #require(node["id"] as? String)
            )
        }
        try #require(nodes.count == 3)
        removeAtExit(folder.path)
    }

    /// Runs a command of `prost` in the ring's folder.
    func prost(
        _ arguments: String...,
        environment: [String: String] = [:]
    ) async throws -> Program.Output {
        try await Program.prost.run(arguments, in: folder, environment: environment)
    }
}

/// The folder of something that lives until the tests end, when nobody lets go of it any more.
private func removeAtExit(_ path: String) {
    Leftover.path.withLock { $0 = path }
    atexit {
        let path = Leftover.path.withLock { $0 }
        try? FileManager.default.removeItem(atPath: path)
    }
}

private enum Leftover {
    static let path = Mutex("")
}
