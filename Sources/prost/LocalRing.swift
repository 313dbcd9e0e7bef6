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
    /// Held: nobody else runs a ring here meanwhile.
    private let place: DevelopmentFolder
    private let folder: String
    private var nodes: [NodeProcess] = []
    private var members: [DevelopmentRing.Node] = []
    private var packages: [(manifest: Manifest, bytes: [UInt8])] = []

    init(nodes: Int, successors: Int, isKept: Bool) throws {
        count = nodes
        self.successors = successors
        let word = UInt16.random(in: .min ... .max)
        name = "dev-" + Hexadecimal.text([UInt8(word >> 8), UInt8(truncatingIfNeeded: word)])
        place = try DevelopmentFolder()
        folder = try place.makeRing(name, isKept: isKept)
    }

    // MARK: Packages

    /// Reads a package, or builds a source file or a project's folder first.
    func add(_ path: String, asJSON: Bool) throws {
        var file = path
        if path.hasSuffix(".pasm") || InputFile.isFolder(path) {
            file = "\(folder)/\(packages.count + 1).peerlet"
            try AssemblerProgram().build(path, to: file, asJSON: asJSON)
        }
        let bytes = try InputFile.package(file)
        do throws(PackageError) {
            packages.append((try PackageReader.inspect(bytes).manifest, bytes))
        } catch {
            throw CommandFailure(error.isRefusal ? .refused : .badInput, "\(path): \(error)")
        }
    }

    /// Trusts whose packages are deployed, and what is built in this folder later.
    private func policy() throws -> String {
        var roots = packages.map { (name: $0.manifest.name, key: $0.manifest.rootKey) }
        let file = try InputFile.read(DevelopmentFolder.publicKey, limit: 16 * 1024)
        do throws(MinisignError) {
            roots.append((name: "development", key: try MinisignPublicKey(file: file).key))
        } catch {
            throw CommandFailure(.badInput, "\(DevelopmentFolder.publicKey): \(error)")
        }
        var known = Set<PublicKey>()
        return PolicyFile.text(trusting: roots.filter { known.insert($0.key).inserted })
    }

    func deploy() async throws {
        guard let first = members.first else { return }
        var target = try NodeTarget.parse([])
        target.node = first.directory
        for package in packages {
            _ = try await NodeClient.ask(.deploy(package: package.bytes, locator: ""), target)
        }
    }

    // MARK: Nodes

    /// Starts the nodes and waits until all are in one formed ring.
    func start(_ interrupt: Interrupt, progress: (String) -> Void) async throws {
        try DevelopmentFolder.write(try policy(), to: folder + "/policy.yaml")
        // All end together, so there is nobody to hand over to.
        try DevelopmentFolder.write(
            "policy: policy.yaml\nshutdown: { grace: 1s }\n",
            to: folder + "/node.yaml"
        )
        progress("ring \(name): starting \(Words.count(count, "node"))")
        for index in 0..<count {
            try interrupt.check()
            try launch(index, interrupt)
            try save()
        }
        try await waitUntilSettled(interrupt)
        progress("ring \(name): \(Words.count(count, "node")) in one ring")
    }

    private func launch(_ index: Int, _ interrupt: Interrupt) throws {
        let name = "dev-\(index + 1)"
        let join = members.first.map { ["--join", $0.address] } ?? []
        let node = try NodeProcess(
            name,
            directory: folder + "/" + name,
            arguments: [
                "--config", folder + "/node.yaml", "--ring", self.name, "--listen", "127.0.0.1:0",
                "--successors", "\(successors)",
            ] + join
        ) { [post = interrupt.post] in post.yield(.ended(node: name, $0)) }
        nodes.append(node)
        members.append(node.member)
    }

    private func waitUntilSettled(_ interrupt: Interrupt) async throws {
        let deadline = Date().addingTimeInterval(60)
        while Date() < deadline {
            try interrupt.check()
            if let node = nodes.first(where: { !$0.isRunning }) {
                throw CommandFailure(
                    .internal,
                    "\(node.member.name) ended before the ring was up: \(node.endOfLog)"
                )
            }
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

    /// Notes that a node ended and says so; throws when it was the last.
    func ended(_ node: String, _ end: NodeProcess.End) throws {
        switch end {
        case .left:
            // It is in no ring any more, so nobody is to ask it.
            members.removeAll { $0.name == node }
            try save()
            Terminal.error("\(node) left the ring")
        case .failed(let code):
            Terminal.error("\(node) ended with exit code \(code); its log: \(folder)/\(node).log")
        case .killed(let signal):
            Terminal.error("\(node) was killed by signal \(signal)")
        }
        if !nodes.contains(where: \.isRunning) {
            throw CommandFailure(.unreachable, "no node of ring \(name) is left")
        }
    }

    /// Ends the nodes: politely first.
    func stop(keepingFolders: Bool) {
        for node in nodes { node.letGo() }
        let deadline = Date().addingTimeInterval(5)
        for node in nodes { node.waitForEnd(until: deadline) }
        try? FileManager.default.removeItem(atPath: DevelopmentRing.file)
        if !keepingFolders { try? FileManager.default.removeItem(atPath: folder) }
    }

    // MARK: What is shown

    var document: Document {
        .object([
            .init("ring", .text(name)),
            .init("applications", .list(packages.map { .text($0.manifest.name) })),
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

    func text(_ output: OutputOptions) -> String {
        let rows = members.map { [$0.name, String($0.id.prefix(8)), $0.address, $0.directory] }
        var lines = [output.table(["node", "id", "address", "folder"], rows)]
        for (manifest, _) in packages { lines.append("\(manifest.name) is deployed on dev-1") }
        lines.append("In another terminal, in this folder:")
        if packages.isEmpty {
            lines.append("  prost deploy FILE.peerlet        what prost-asm build makes here")
        } else {
            lines.append("  prost app list")
        }
        for (manifest, _) in packages { lines += Self.examples(manifest) }
        lines.append("  prost lookup colour --trace")
        lines.append("Ctrl-C stops the ring")
        return lines.joined(separator: "\n")
    }
}
