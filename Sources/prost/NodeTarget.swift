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

    @OptionGroup var output: OutputOptions

    var json: Bool { output.json }

    /// The nodes of the ring that `prost dev` runs here, by name.
    static func developmentNodes() -> [DevelopmentRing.Node] {
        guard let data = FileManager.default.contents(atPath: DevelopmentRing.file),
            let ring = try? JSONDecoder().decode(DevelopmentRing.self, from: data)
        else { return [] }
        return ring.nodes
    }

    /// A node's socket, where the choice came from, and whether `prost dev` runs it.
    struct Place {
        var path: String
        var origin: String
        var isOfDevelopmentRing: Bool
    }

    func place() throws -> Place {
        let environment = ProcessInfo.processInfo.environment["PROST_NODE"]
        let choice: (path: String, origin: String)
        if let node {
            choice = (try resolve(node), "--node")
        } else if let environment, !environment.isEmpty {
            choice = (try resolve(environment), "PROST_NODE")
        } else if let first = Self.developmentNodes().first {
            choice = (first.directory + "/node.sock", DevelopmentRing.file)
        } else {
            throw Self.unnamed
        }
        let isOfRing = Self.developmentNodes().contains {
            $0.directory + "/node.sock" == choice.path
        }
        return Place(path: choice.path, origin: choice.origin, isOfDevelopmentRing: isOfRing)
    }

    private static var unnamed: CommandFailure {
        CommandFailure(
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
