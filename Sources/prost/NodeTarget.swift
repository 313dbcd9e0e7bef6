internal import ArgumentParser
internal import Foundation

/// Which node a command talks to; never a silent default.
struct NodeTarget: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The node: its data folder, its socket, or a name in the ring of 'prost dev'.",
            valueName: "node"
        )
    )
    var node: String?

    @Flag(name: .long, help: "Print one JSON document.")
    var json = false

    /// The nodes of the ring that `prost dev` runs here, by name.
    static func developmentNodes() -> [(name: String, directory: String)] {
        guard let data = FileManager.default.contents(atPath: DevelopmentRing.file),
            let ring = try? JSONDecoder().decode(DevelopmentRing.self, from: data)
        else { return [] }
        return ring.nodes.map { ($0.name, $0.directory) }
    }

    /// Path of the node's socket, and where the choice came from.
    func socket() throws -> (path: String, origin: String) {
        let environment = ProcessInfo.processInfo.environment["PROST_NODE"]
        if let node { return (try resolve(node), "--node") }
        if let environment, !environment.isEmpty {
            return (try resolve(environment), "PROST_NODE")
        }
        if let first = Self.developmentNodes().first {
            return (first.directory + "/node.sock", DevelopmentRing.file)
        }
        throw CommandFailure(
            .usage,
            "no node was named",
            hint: "use --node DATA_DIR, set PROST_NODE, or run 'prost dev' in this folder"
        )
    }

    private func resolve(_ name: String) throws -> String {
        if let node = Self.developmentNodes().first(where: { $0.name == name }) {
            return node.directory + "/node.sock"
        }
        var isDirectory: ObjCBool = false
        if unsafe FileManager.default.fileExists(atPath: name, isDirectory: &isDirectory) {
            return isDirectory.boolValue ? name + "/node.sock" : name
        }
        let known = Self.developmentNodes().map(\.name).joined(separator: ", ")
        throw CommandFailure(
            .unreachable,
            "there is no node '\(name)'",
            hint: known.isEmpty ? "name a node's data folder" : "nodes here: \(known)"
        )
    }
}

/// What `prost dev` leaves in `.prost/dev.json` while it runs.
struct DevelopmentRing: Codable {
    static let folder = ".prost"
    static let file = folder + "/dev.json"

    struct Node: Codable {
        var name: String
        var directory: String
        var address: String
        var id: String
        var process: Int32
    }

    var ring: String
    var nodes: [Node]
}
