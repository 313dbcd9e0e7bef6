import Foundation
import Testing

/// What every command keeps to (`prost --help`).
@Suite struct UsageTests {
    @Test func `both programs say their version, and the same one`() async throws {
        let folder = try TestFolder()
        let prost = try await Program.prost.run("--version", in: folder)
        let assembler = try await Program.assembler.run("--version", in: folder)
        #expect(prost.status == 0)
        #expect(assembler.status == 0)
        let version = prost.out.split(separator: " ").prefix(2)
        #expect(version.first == "prost")
        #expect(version.last == assembler.out.split(separator: " ").dropFirst().first)
        #expect(try await Program.prost.run("version", in: folder).out == prost.out)
        let json = try await Program.prost.run("version", "--json", in: folder).json
        #expect(json["prost"] as? String == version.last.map(String.init))
        #expect(Set(json.keys) == ["prost", "protocol", "abi", "price_table"])
    }

    @Test(arguments: [
        "run", "dev", "deploy", "call", "lookup", "ring show", "ring check", "app list",
        "app limits", "top", "policy explain", "policy check", "status", "bench", "leave",
        "version",
    ])
    func `the help of a command has an example of it`(command: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        let help = try await Program.prost.run(words + ["--help"], in: try TestFolder())
        #expect(help.status == 0)
        let examples = try #require(help.out.range(of: "EXAMPLES"), "\(help.out)")
        #expect(help.out[examples.upperBound...].contains("prost \(command)"))
        // The line of usage is the argument parser's own.
        let long = help.out.split(separator: "\n").filter {
            $0.count > 80 && !$0.hasPrefix("USAGE")
        }
        #expect(long == [])
    }

    @Test(arguments: [
        "new", "build", "check", "run", "disasm", "inspect", "key new", "key delegate", "sign",
        "verify", "token", "explain",
    ])
    func `the help of an assembler command has an example of it`(command: String) async throws {
        let words = command.split(separator: " ").map(String.init)
        let help = try await Program.assembler.run(words + ["--help"], in: try TestFolder())
        #expect(help.status == 0)
        let examples = try #require(help.out.range(of: "Example"), "\(help.out)")
        #expect(help.out[examples.upperBound...].contains("prost-asm \(command)"))
    }

    @Test(arguments: [
        ["status"], ["ring", "show"], ["ring", "check"], ["app", "list"], ["app", "limits"],
        ["top", "--once"], ["lookup", "colour"], ["call", "dht", "get"], ["leave"],
    ])
    func `without a target a command takes none silently`(command: [String]) async throws {
        let folder = try TestFolder()
        let output = try await Program.prost.run(command, in: folder)
        #expect(output.status == 64)
        #expect(output.out == "")
        #expect(output.err.contains("no node was named"))
        #expect(output.err.contains("--node"))
        let json = try await Program.prost.run(command + ["--json"], in: folder)
        #expect(json.status == 64)
        let error = try json.error
        #expect(error["code"] as? String == "usage")
        #expect(error["message"] as? String == "no node was named")
        #expect((error["hint"] as? String)?.contains("PROST_NODE") == true)
    }

    @Test func `a node that is not there is unreachable`() async throws {
        let folder = try TestFolder()
        for target in ["nowhere", folder.path] {
            let output = try await Program.prost.run("status", "--node", target, in: folder)
            #expect(output.status == 69)
            #expect(output.err.contains(target))
            #expect(output.err.contains("help:"))
        }
    }

    @Test(arguments: [
        (Program.prost, ["depoly", "x.peerlet"], "did you mean 'prost deploy'?"),
        (.prost, ["app", "lst"], "did you mean 'prost app list'?"),
        (.prost, ["nonsense"], "'prost --help' shows all"),
        (.assembler, ["bild"], "did you mean 'prost-asm build'?"),
        (.assembler, ["key", "nwe"], "did you mean 'prost-asm key new'?"),
    ])
    func `an unknown command is wrong usage, and the nearest one is named`(
        program: Program,
        arguments: [String],
        hint: String
    ) async throws {
        let output = try await program.run(arguments, in: try TestFolder())
        #expect(output.status == 64)
        #expect(output.out == "")
        #expect(output.err.hasPrefix("error: there is no command"))
        #expect(output.err.contains(hint), "\(output.err)")
    }

    @Test(arguments: [
        (Program.prost, ["status", "--jsno"]), (.prost, ["deploy"]), (.prost, ["depoly"]),
        (.prost, ["bench", "dht", "put", "--rate", "0"]), (.prost, ["call", "dht", "put", "more"]),
        (.assembler, ["build", "--out"]), (.assembler, ["bild"]), (.assembler, ["token"]),
    ])
    func `with --json wrong usage is one document too`(
        program: Program,
        arguments: [String]
    ) async throws {
        let output = try await program.run(arguments + ["--json"], in: try TestFolder())
        #expect(output.status == 64)
        #expect(output.err == "")
        let error = try output.error
        #expect(error["code"] as? String == "usage")
        #expect((error["message"] as? String)?.isEmpty == false)
        #expect((error["hint"] as? String)?.contains("--help") == true)
    }

    @Test func `an unknown option is wrong usage`() async throws {
        let folder = try TestFolder()
        let near = try await Program.prost.run("status", "--jsno", in: folder)
        #expect(near.status == 64)
        #expect(near.err.contains("'--json'"))
    }
}
