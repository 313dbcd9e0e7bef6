internal import ArgumentParser
internal import Foundation
internal import PROSTNode
internal import PeerletBytecode

/// How a node is.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show one node's state on one screen.",
        discussion: """
            EXAMPLES
              prost status --node n1
            """
    )
    @OptionGroup var target: NodeTarget

    func run() async throws {
        try await reporting(asJSON: target.json) {
            let status = try await NodeClient.ask(.status, target)
            if target.json { return print(JSONText.pretty(status)) }
            print(
                "\(status.text("name"))  \(status.short("id"))  \(status.text("address"))  "
                    + "ring \(status.text("ring")) \(status.text("phase"))  "
                    + "about \(Words.count(status.integer("estimated_nodes"), "node"))"
            )
            print(
                "successors \(status.text("successors"))  connections "
                    + "\(status.text("connections"))  applications "
                    + "\(status.text("applications"))  instances \(status.text("instances"))"
            )
            print(
                "ranges: serving \(status.text("ranges_serving")), acquiring "
                    + "\(status.text("ranges_acquiring")), under-replicated "
                    + "\(status.text("under_replicated"))"
            )
            if let messages = status["messages"] {
                print(
                    "messages: in \(messages.text("received")), out \(messages.text("sent")), "
                        + "delivered \(messages.text("delivered")), forwarded "
                        + "\(messages.text("forwarded")), busy \(messages.text("busy"))"
                )
            }
            for limit in status.list("limits") { print(limit.plainText) }
        }
    }
}

/// Applications on a node.
struct AppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "app",
        abstract: "Show applications on a node.",
        subcommands: [List.self, Limits.self],
        defaultSubcommand: List.self
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List applications: where their code came from, what they hold.",
            discussion: """
                EXAMPLES
                  prost app list --node n1
                """
        )
        @OptionGroup var target: NodeTarget

        func run() async throws {
            try await reporting(asJSON: target.json) {
                let applications = try await NodeClient.ask(.applications, target)
                if target.json { return print(JSONText.pretty(applications)) }
                let rows = applications.items.map { app in
                    [
                        app.text("name"), app.text("version"), app.short("application"),
                        app.text("store"), app.text("stored_bytes"), app.text("code_from"),
                        app.text("code_message"),
                        app.list("methods").map(\.plainText)
                            .joined(separator: ","),
                    ]
                }
                print(
                    target.output.table(
                        [
                            "app", "version", "id", "store", "bytes", "code from",
                            "because of message", "methods",
                        ],
                        rows
                    )
                )
            }
        }
    }

    struct Limits: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show which limits bit, how often, and where they were set.",
            discussion: """
                EXAMPLES
                  prost app limits --node n1
                """
        )
        @OptionGroup var target: NodeTarget

        func run() async throws {
            try await reporting(asJSON: target.json) {
                let applications = try await NodeClient.ask(.applications, target)
                let limits = applications.items.flatMap { $0.list("limits") }
                if target.json { return print(JSONText.pretty(.list(limits))) }
                if limits.isEmpty { print("no limit has been hit") }
                for limit in limits { print(limit.plainText) }
            }
        }
    }
}

/// A live table of what applications use.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Show what applications use, refreshed every two seconds.",
        discussion: """
            EXAMPLES
              prost top --node n1
              prost top --once --json --node n1

            With --json: one document on a line each time.
            """
    )
    @Flag(name: .long, help: "Print once and end.")
    var once = false
    @OptionGroup var target: NodeTarget

    func run() async throws {
        try await reporting(asJSON: target.json) {
            while true {
                let status = try await NodeClient.ask(.status, target)
                let applications = try await NodeClient.ask(.applications, target)
                if target.json {
                    print(
                        JSONText.line(
                            .object([
                                .init("status", status), .init("applications", applications),
                            ])
                        )
                    )
                } else {
                    if !once, target.output.isColored { print("\u{1B}[2J\u{1B}[H", terminator: "") }
                    print(screen(status, applications))
                }
                if once { return }
                try await Task.sleep(for: .seconds(2))
            }
        }
    }

    private func screen(_ status: Document, _ applications: Document) -> String {
        let rows = applications.items.flatMap { app in
            app.list("instances").map { instance in
                [
                    app.text("name"), instance.text("state"), instance.text("upcalls"),
                    instance.text("fuel"), app.text("fuel_limit"),
                    instance.text("memory"), app.text("memory_limit"),
                    app.text("stored_bytes"), app.text("storage_limit"),
                    instance.text("sends"), instance.text("traps"),
                    instance.text("reason"),
                ]
            }
        }
        let head =
            "\(status.text("name"))  \(status.short("id"))  ring \(status.text("ring")) "
            + "\(status.text("phase"))  about "
            + "\(Words.count(status.integer("estimated_nodes"), "node"))  "
            + "fuel spent \(status["fuel"]?.text("spent") ?? "-")"
        let table = target.output.table(
            [
                "app", "state", "upcalls", "fuel", "fuel/s max", "memory", "max", "stored", "max",
                "sends", "traps", "why",
            ],
            rows
        )
        let limits = status.list("limits").map(\.plainText)
        return ([head, table] + limits).joined(separator: "\n")
    }
}

/// Tells a node to hand over and leave.
struct LeaveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "leave",
        abstract: "Tell a node to hand over, leave its ring and stop.",
        discussion: """
            EXAMPLES
              prost leave --node n1
            """
    )
    @OptionGroup var target: NodeTarget

    func run() async throws {
        try await reporting(asJSON: target.json) {
            let client = try await NodeClient.connect(target)
            target.output.note("→ node at \(client.path) (from \(client.origin))")
            let answer = try await client.ask(.leave).goodDocument()
            await client.close()
            print(target.json ? JSONText.pretty(answer) : "leaving")
        }
    }
}

/// Versions of everything that must agree.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Show the versions of tool, protocol, ABI and prices.",
        discussion: """
            EXAMPLES
              prost version --json
            """
    )
    @OptionGroup var output: OutputOptions

    static let tool = "0.1.0"
    static let line =
        "prost \(tool)  protocol 1  ABI \(HostABI.version)  price table \(OpcodeTable.priceVersion)"

    func run() throws {
        let document = Document.object([
            .init("prost", .text(Self.tool)),
            .init("protocol", .integer(1)),
            .init("abi", .integer(Int64(HostABI.version))),
            .init("price_table", .integer(Int64(OpcodeTable.priceVersion))),
        ])
        if output.json { return print(JSONText.pretty(document)) }
        print(Self.line)
    }
}
