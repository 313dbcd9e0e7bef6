import Cryptography
import Foundation
import KBR
import NIOCore
import PROSTNode
import PROSTService
import PROSTTransport
import PeerletAssembler
import PeerletPackage
import Testing
import Wire

/// Real node processes on this machine, for tests that kill them.
final class ProcessRing: @unchecked Sendable {
    struct Member {
        var name: String
        var directory: String
        var process: Process
        var address: String
        var id: String
    }

    let folder: String
    let ring: String
    private let policy: String
    private let lock = NSLock()
    private var members: [Member] = []

    init(trusting roots: [(name: String, key: PublicKey)]) throws {
        let id = UUID().uuidString.prefix(8).lowercased()
        folder = NSTemporaryDirectory() + "prost-test-\(id)"
        ring = "test-\(id)"
        policy = folder + "/policy.yaml"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        try PolicyFile.text(trusting: roots).write(
            toFile: policy,
            atomically: true,
            encoding: .utf8
        )
    }

    /// The program under test, built beside the test bundle.
    static var program: String {
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0])
        var folder = bundle.deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = folder.appendingPathComponent("prost").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        return "prost"
    }

    var count: Int { lock.withLock { members.count } }

    func member(_ index: Int) -> Member { lock.withLock { members[index] } }

    func isRunning(_ index: Int) -> Bool { member(index).process.isRunning }

    /// Adds a node with an empty folder; the first founds the ring.
    ///
    /// With a limit no file of its may
    /// grow larger, until it starts again.
    @discardableResult
    func add(fileLimitKiB: Int? = nil) throws -> Int {
        let index = count
        let directory = folder + "/n\(index)"
        let member = try launch("n\(index)", directory, fileLimitKiB)
        lock.withLock { members.append(member) }
        return index
    }

    func kill(_ index: Int) {
        let process = member(index).process
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Waits until a node ends by itself; its exit code.
    func awaitExit(_ index: Int) -> Int32 {
        let process = member(index).process
        process.waitUntilExit()
        return process.terminationStatus
    }

    func terminate(_ index: Int) -> Int32 {
        let process = member(index).process
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// Starts a killed node again with its disk, or with an empty one: a new identity.
    func restart(_ index: Int, wiping: Bool) throws {
        let old = member(index)
        if wiping { try FileManager.default.removeItem(atPath: old.directory) }
        let new = try launch(old.name, old.directory)
        lock.withLock { members[index] = new }
    }

    private func launch(
        _ name: String,
        _ directory: String,
        _ fileLimitKiB: Int? = nil
    ) throws -> Member {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program)
        var arguments = [
            "run", "--data-dir", directory, "--ring", ring, "--name", name, "--listen",
            "127.0.0.1:0", "--policy", policy, "--json",
        ]
        let alive = lock.withLock { members.filter { $0.process.isRunning && $0.name != name } }
        for member in alive.prefix(3) { arguments += ["--join", member.address] }
        if let fileLimitKiB {
            // Without the signal, so that the write itself fails.
            let script = "trap '' XFSZ; ulimit -f \(fileLimitKiB); exec \"$0\" \"$@\""
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            arguments = ["-c", script, Self.program] + arguments
        }
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        let log = folder + "/\(name).log"
        if !FileManager.default.fileExists(atPath: log) {
            _ = FileManager.default.createFile(atPath: log, contents: nil)
        }
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try handle.seekToEnd()
        process.standardError = handle
        try process.run()
        var line = Data()
        while !line.contains(10) {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty {
                let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
                throw RingFailure("\(name) did not start: \(text.suffix(400))")
            }
            line += data
        }
        let announced = try JSONDecoder().decode(Announcement.self, from: line)
        return Member(
            name: name,
            directory: directory,
            process: process,
            address: announced.address,
            id: announced.id
        )
    }

    private struct Announcement: Decodable {
        var address: String
        var id: String
    }

    /// The ends of all nodes' logs, for a failure's message.
    func logs(_ length: Int = 12_000) -> String {
        (0..<count).map { index in
            let path = folder + "/\(member(index).name).log"
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return "--- \(member(index).name) \(member(index).id)\n\(text.suffix(length))"
        }.joined(separator: "\n")
    }

    func stop() {
        for index in 0..<count where isRunning(index) { kill(index) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    // MARK: Asking

    func ask(
        _ command: ClientCommand,
        at index: Int,
        within limit: TimeAmount = .seconds(10)
    ) async throws -> ClientResponse {
        let socket = member(index).directory + "/node.sock"
        let client = try await LocalSocketClient.connect(path: socket)
        defer { Task { await client.close() } }
        let request = ClientRequest(number: 1, command: command)
        try await client.send(
            Frame(kind: ClientFrameKind.request.rawValue, body: request.wireBytes)
        )
        while let frame = try await client.receive(within: limit) {
            guard frame.kind == ClientFrameKind.response.rawValue else { continue }
            let response = try ClientResponse(wireBytes: frame.body, "response")
            if response.isLast { return response }
        }
        throw RingFailure("node \(index) closed the connection")
    }

    /// Waits until a condition holds on every running node's status.
    func wait(
        upTo seconds: Double,
        for what: String,
        until condition: (Document) -> Bool
    ) async throws {
        let deadline = Date().addingTimeInterval(seconds)
        var last: [Document] = []
        while Date() < deadline {
            last = []
            var isFulfilled = true
            for index in 0..<count where isRunning(index) {
                guard let status = try? await ask(.status, at: index, within: .seconds(2)).document
                else {
                    isFulfilled = false
                    break
                }
                last.append(status)
                if !condition(status) { isFulfilled = false }
            }
            if isFulfilled { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RingFailure("\(what) took more than \(seconds) s: \(last)\n\(logs(4000))")
    }

    /// Waits until no running node counts the node among its neighbours any more: only then can
    /// its absence show in their figures.
    func waitUntilForgotten(_ id: String, _ seconds: Double = 30) async throws {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            var isKnown = false
            for index in 0..<count where isRunning(index) {
                guard let ring = try? await ask(.ring, at: index, within: .seconds(2)).document
                else {
                    isKnown = true
                    continue
                }
                var near: [Document?] = [ring["predecessor"]]
                if case .list(let successors)? = ring["successors"] { near += successors }
                if near.contains(where: { $0?["id"] == .text(id) }) { isKnown = true }
            }
            if !isKnown { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RingFailure("node \(id.prefix(8)) was not forgotten in \(seconds) s")
    }

    func waitUntilFormed(_ seconds: Double = 30) async throws {
        try await wait(upTo: seconds, for: "forming the ring") {
            $0["phase"] == .text("formed") && $0["settled"] == .flag(true)
        }
    }

    /// No live node reports keys with too few replicas or arcs it still has to take over.
    func waitUntilReplicated(_ seconds: Double = 30) async throws {
        try await wait(upTo: seconds, for: "replication") {
            $0["phase"] == .text("formed") && $0["settled"] == .flag(true)
                && $0["under_replicated"] == .integer(0) && $0["ranges_acquiring"] == .integer(0)
        }
    }
}

struct RingFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}
