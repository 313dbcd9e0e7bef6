internal import ArgumentParser
internal import PROSTNode

/// The ring as nodes see it.
struct RingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ring",
        abstract: "Show or check the ring.",
        subcommands: [Show.self, Check.self]
    )

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one node's place in the ring: neighbours and fingers.",
            discussion: """
                EXAMPLES
                  prost ring show --node n1
                """
        )
        @OptionGroup var target: NodeTarget

        func run() async throws {
            try await reporting(asJSON: target.json) {
                let ring = try await NodeClient.ask(.ring, target)
                if target.json { return print(JSONText.pretty(ring)) }
                let node = ring["node"] ?? .null
                print(
                    "ring \(ring.text("ring"))  \(ring.text("phase"))  "
                        + "about \(Words.count(ring.integer("estimated_nodes"), "node"))  "
                        + "r \(ring.text("r"))  geometry \(ring.text("geometry"))"
                )
                var rows = [["this node", node.short("id"), node.text("address")]]
                if let before = ring["predecessor"], before != .null {
                    rows.append(["predecessor", before.short("id"), before.text("address")])
                }
                for (index, next) in ring.list("successors").enumerated() {
                    rows.append(
                        ["successor \(index + 1)", next.short("id"), next.text("address")])
                }
                for finger in ring.list("fingers") {
                    rows.append(["finger", finger.short("id"), finger.text("address")])
                }
                let known = ring.integer("known_members")
                if known > 0 {
                    rows.append(["table", Words.count(known, "node"), ""])
                }
                print(target.output.table(["role", "node", "address"], rows))
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that the nodes form one ring in order; exit 1 if they do not.",
            discussion: """
                Asks the given node, every node that is named with --also, and with --all
                every node that 'prost dev' started here; all of them must answer. Exit 69 if
                none does, or one is not known at all.

                EXAMPLES
                  prost ring check --node n1 --also n2 --also n3
                """
        )
        @OptionGroup var target: NodeTarget
        @Flag(name: .long, help: "All nodes of the ring of 'prost dev'.")
        var all = false
        @Option(name: .long, help: "A further node to ask; may be repeated.")
        var also: [String] = []

        func run() async throws {
            try await reporting(asJSON: target.json) {
                let (views, silent) = try await ask()
                let findings = RingFindings(views, silent: silent)
                if target.json {
                    print(JSONText.pretty(findings.document))
                } else {
                    print(findings.text)
                }
                if !findings.problems.isEmpty { throw ExitStatus.negative.code }
            }
        }

        /// The nodes by the names to show; nil stands for the one that is taken without a name.
        private var nodes: [(name: String, node: String?)] {
            var nodes = also.map { (name: $0, node: Optional($0)) }
            if all { nodes += NodeTarget.developmentNodes().map { ($0.name, $0.directory) } }
            if target.node != nil || nodes.isEmpty {
                nodes.insert((target.node ?? "", target.node), at: 0)
            }
            return nodes
        }

        /// What the nodes say, and the names of those that do not answer.
        private func ask() async throws -> (views: [Document], silent: [String]) {
            var views: [Document] = []
            var silent: [String] = []
            var failure: CommandFailure?
            for (name, node) in nodes {
                var other = try NodeTarget.parse([])
                other.node = node
                _ = try other.place()
                do {
                    let view = try await NodeClient.ask(.ring, other)
                    if !views.contains(where: { $0["node"] == view["node"] }) { views.append(view) }
                } catch let error as CommandFailure where error.status == .unreachable {
                    failure = failure ?? error
                    silent.append(name)
                }
            }
            if views.isEmpty, let failure { throw failure }
            return (views, silent)
        }
    }
}

/// What several nodes' views of the ring say together.
struct RingFindings {
    var problems: [String] = []
    var notes: [String] = []
    let asked: Int

    /// `silent`: nodes that did not answer.
    init(_ views: [Document], silent: [String]) {
        asked = views.count
        for name in silent { problems.append("\(name) does not answer") }
        let ids = views.compactMap { $0["node"]?.text("id") }.sorted()
        for view in views { judge(view, ids) }
    }

    private mutating func judge(_ view: Document, _ ids: [String]) {
        let id = view["node"]?.text("id") ?? "-"
        let name = String(id.prefix(8))
        switch view.text("phase") {
        case "forming": notes.append("forming: tolerates no failure (seen by \(name))")
        case "formed": break
        default: problems.append("\(name) is \(view.text("phase")), not a member")
        }
        if view.text("settled") != "yes" {
            problems.append("\(name) is not sure of its predecessor")
        }
        guard ids.count > 1, let index = ids.firstIndex(of: id) else { return }
        // Among the nodes asked, the next one clockwise must be known to this one.
        let next = ids[(index + 1) % ids.count]
        let successors = view.list("successors").map { $0.text("id") }
        if let first = successors.first, first != next, ids.contains(first) {
            problems.append("\(name) skips \(next.prefix(8))")
        }
        if successors.isEmpty { problems.append("\(name) has no successor") }
    }

    var document: Document {
        .object([
            .init("ok", .flag(problems.isEmpty)), .init("nodes_asked", .integer(Int64(asked))),
            .init("problems", .list(problems.map { .text($0) })),
            .init("notes", .list(notes.map { .text($0) })),
        ])
    }

    var text: String {
        let verdict =
            problems.isEmpty
            ? "ok: \(Words.count(asked, "node")) asked, one ring in order"
            : Words.count(problems.count, "problem")
        return ([verdict] + problems.map { "  \($0)" } + notes.map { "  note: \($0)" })
            .joined(separator: "\n")
    }
}
