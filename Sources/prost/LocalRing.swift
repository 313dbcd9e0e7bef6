internal import ArgumentParser
internal import Cryptography
internal import Foundation
internal import PROSTNode
internal import PROSTService
internal import PeerletPackage
internal import Wire

/// Node processes on this machine that make one ring: what `prost dev` runs.
final class LocalRing {
    private let count: Int
    private let successors: Int
    private let name: String
    private let folder: String
    private var processes: [(process: Process, lifeline: Pipe)] = []
    private(set) var members: [DevelopmentRing.Node] = []
    private var manifest: Manifest?

    init(nodes: Int, successors: Int) throws {
        count = nodes
        self.successors = successors
        let word = UInt16.random(in: .min ... .max)
        name = "dev-" + Hexadecimal.text([UInt8(word >> 8), UInt8(truncatingIfNeeded: word)])
        folder = DevelopmentRing.folder + "/" + name
        if FileManager.default.fileExists(atPath: DevelopmentRing.file) {
            let running = NodeTarget.developmentNodes()
            if running.contains(where: {
                FileManager.default.fileExists(atPath: $0.directory + "/node.sock")
            }) {
                throw CommandFailure(
                    .temporary,
                    "a ring of 'prost dev' seems to run in this folder already",
                    hint: "Ctrl-C ends it, or 'prost leave --node dev-1' and so on; "
                        + "if nothing runs any more: rm \(DevelopmentRing.file)"
                )
            }
        }
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
    }

    /// Bytes of a package, built from source if need be.
    func package(_ path: String) throws -> [UInt8] {
        guard path.hasSuffix(".pasm") else { return try InputFile.package(path) }
        let own = CommandLine.arguments[0]
        let tool = URL(fileURLWithPath: Self.executable(own)).deletingLastPathComponent()
            .appendingPathComponent("prost-asm").path
        let output = folder + "/package.peerlet"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: tool)
        process.arguments = ["build", path, "-o", output, "--quiet"]
        do { try process.run() } catch {
            throw CommandFailure(.internal, "cannot run \(tool): \(error.localizedDescription)")
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw CommandFailure(.badInput, "\(path) could not be assembled")
        }
        return try InputFile.package(output)
    }

    /// This program's file, also when it was found along PATH.
    static func executable(_ argument: String) -> String {
        let link = "/proc/self/exe"
        return (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? argument
    }

    func trust(_ package: [UInt8]) throws {
        do throws(PackageError) {
            manifest = try PackageReader.inspect(package).manifest
        } catch {
            throw CommandFailure(.badInput, "\(error)")
        }
    }

    /// Starts the nodes and waits until all are in one formed ring.
    func start(_ interrupt: Interrupt, progress: (String) -> Void) async throws {
        try write(
            PolicyFile.text(trusting: manifest.map { [($0.name, $0.rootKey)] } ?? []),
            "policy.yaml"
        )
        // All end together, so there is nobody to hand over to.
        try write("policy: policy.yaml\nshutdown: { grace: 1s }\n", "node.yaml")
        progress("ring \(name): starting \(count) nodes")
        for index in 0..<count {
            try interrupt.check()
            members.append(try launch(index))
            try save()
        }
        try await waitUntilSettled(interrupt)
        progress("ring \(name): \(count) nodes are one ring")
    }

    private func write(_ text: String, _ name: String) throws {
        let path = folder + "/" + name
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
            throw CommandFailure(.cannotCreate, "cannot write \(path)")
        }
    }

    private func launch(_ index: Int) throws -> DevelopmentRing.Node {
        let name = "dev-\(index + 1)"
        let directory = folder + "/" + name
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.executable(CommandLine.arguments[0]))
        process.arguments =
            [
                "run", "--config", folder + "/node.yaml", "--data-dir", directory, "--ring",
                self.name, "--name", name, "--listen", "127.0.0.1:0", "--successors",
                "\(successors)", "--lifeline", "--json",
            ] + (members.first.map { ["--join", $0.address] } ?? [])
        let output = Pipe()
        let lifeline = Pipe()
        process.standardInput = lifeline
        process.standardOutput = output
        let log = directory + ".log"
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        processes.append((process, lifeline))
        guard let line = firstLine(of: output.fileHandleForReading),
            let announced = try? JSONDecoder().decode(Announcement.self, from: line)
        else {
            // The folder with the log goes when this command ends.
            let said = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
            throw CommandFailure(.internal, "\(name) did not start: \(said.suffix(500))")
        }
        return DevelopmentRing.Node(
            name: name,
            directory: directory,
            address: announced.address,
            id: announced.id,
            process: process.processIdentifier
        )
    }

    private struct Announcement: Decodable {
        var address: String
        var id: String
    }

    private func firstLine(of handle: FileHandle) -> Data? {
        var line = Data()
        while true {
            let data = handle.availableData
            if data.isEmpty { return nil }
            line += data
            if let newline = line.firstIndex(of: 10) { return line[..<newline] }
        }
    }

    private func waitUntilSettled(_ interrupt: Interrupt) async throws {
        let deadline = Date().addingTimeInterval(60)
        while Date() < deadline {
            try interrupt.check()
            var settled = 0
            for member in members {
                var target = try NodeTarget.parse([])
                target.node = member.directory
                guard let status = try? await NodeClient.ask(.status, target) else { continue }
                let isFormed = status.text("phase") == (count > successors ? "formed" : "forming")
                if isFormed, status.text("settled") == "yes" { settled += 1 }
            }
            if settled == members.count { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw CommandFailure(.temporary, "the ring did not settle within a minute")
    }

    private func save() throws {
        let ring = DevelopmentRing(ring: name, nodes: members)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(ring).write(
            to: URL(fileURLWithPath: DevelopmentRing.file),
            options: .atomic
        )
    }

    func deploy(_ package: [UInt8]) async throws {
        guard let first = members.first else { return }
        var target = try NodeTarget.parse([])
        target.node = first.directory
        _ = try await NodeClient.ask(.deploy(package: package, locator: ""), target)
    }

    /// Ends the nodes: politely first.
    func stop(keepingFolders: Bool) {
        // By the lifeline, since a second signal after a Ctrl-C that they heard too would end
        // them at once.
        for (_, lifeline) in processes { try? lifeline.fileHandleForWriting.close() }
        let deadline = Date().addingTimeInterval(5)
        for (process, _) in processes {
            while process.isRunning, Date() < deadline { usleep(20_000) }
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
        try? FileManager.default.removeItem(atPath: DevelopmentRing.file)
        if !keepingFolders { try? FileManager.default.removeItem(atPath: folder) }
    }

    var document: Document {
        .object([
            .init("ring", .text(name)),
            .init(
                "nodes",
                .list(
                    members.map {
                        .object([
                            .init("name", .text($0.name)), .init("address", .text($0.address)),
                            .init("id", .text($0.id)), .init("directory", .text($0.directory)),
                            .init("process", .integer(Int64($0.process))),
                        ])
                    }
                )
            ),
        ])
    }

    /// A call of each method, those first that take something.
    private static func examples(_ manifest: Manifest) -> [String] {
        let methods = manifest.exports
            .filter { $0 == "client" || $0.hasPrefix("client_") && $0 != "client_gone" }
            .map { $0.hasPrefix("client_") ? String($0.dropFirst(7)) : $0 }
        let takers = methods.filter { ["put", "client"].contains($0) }
        let others = methods.filter { !takers.contains($0) }
        let calls =
            takers.map { $0 + " --key colour --payload blue" }
            + others.map { $0 + " --key colour" }
        return calls.prefix(3).map { "  prost call \(manifest.name) \($0)" }
    }

    func text(_ package: [UInt8]?) -> String {
        let rows = members.map { [$0.name, String($0.id.prefix(8)), $0.address, $0.directory] }
        var lines = [Terminal.table(["node", "id", "address", "folder"], rows)]
        if package != nil, let manifest {
            lines.append(
                "\(manifest.name) is deployed on dev-1; in another terminal, in this folder:"
            )
            lines.append("  prost app list")
            lines += Self.examples(manifest)
        }
        lines.append("  prost lookup colour --trace")
        lines.append("Ctrl-C stops the ring")
        return lines.joined(separator: "\n")
    }
}
