import Foundation
import Testing

/// What the scripts keep to: a usage, and nothing left behind.
@Suite struct ScriptTests {
    /// Runs bash in the repository to its end, or until it is killed.
    private static func bash(_ arguments: [String], out: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = arguments
        process.currentDirectoryURL = Program.repository
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Program.file(out + ".out")
        process.standardError = try Program.file(out + ".err")
        try process.run()
        return process
    }

    private static func status(_ arguments: [String], in folder: TestFolder) async throws -> Int32 {
        let process = try bash(arguments, out: folder.path + "/script")
        try await eventually("the end of \(arguments)") { !process.isRunning }
        return process.terminationStatus
    }

    @Test(arguments: ["demo", "hostile", "test", "lint", "fuzz"])
    func `a script says its usage and takes nothing else`(name: String) async throws {
        let folder = try TestFolder()
        let script = "Scripts/\(name).sh"
        #expect(try await Self.status([script, "--help"], in: folder) == 0)
        let help = String(decoding: try folder.read("script.out"), as: UTF8.self)
        #expect(help.contains("  \(script)"), "\(help)")
        #expect(try await Self.status([script, "--nonsense"], in: folder) == 64)
        #expect(try folder.read("script.out").isEmpty)
        #expect(String(decoding: try folder.read("script.err"), as: UTF8.self) == help)
    }

    @Test func `the demo wants both programs in its folder`() async throws {
        let folder = try TestFolder()
        for path in [folder.path, folder.path + "/none"] {
            let status = try await Self.status(
                ["Scripts/demo.sh", "--binaries", path],
                in: folder
            )
            #expect(status == 66)
            let said = String(decoding: try folder.read("script.err"), as: UTF8.self)
            #expect(said.hasPrefix("error: there is no program \(path)/prost\n"))
        }
    }

    @Test func `kill -9 of a script ends its nodes and removes its folder`() async throws {
        let folder = try TestFolder()
        let place = folder.path + "/place"
        try FileManager.default.createDirectory(
            atPath: place,
            withIntermediateDirectories: true
        )
        try folder.write(
            """
            . Scripts/lifeline.sh
            hold_lifeline "$1"
            "$2" run --data-dir "$1/n1" --ring lab --json --lifeline \\
                >"$1/n1.out" 2>"$1/n1.log" <"$1/lifeline" &
            # What else it may have begun, and knows nothing of lifelines.
            sleep 3600 &
            echo $! >"$3"
            wait
            """,
            "script.sh"
        )
        let script = try Self.bash(
            [
                folder.path + "/script.sh", place, Program.prost.executable.path,
                folder.path + "/other",
            ],
            out: folder.path + "/script"
        )
        var node: Int32 = 0
        try await eventually("a node") {
            guard let data = try? Data(contentsOf: URL(fileURLWithPath: place + "/n1.out")),
                let document = try? object(data)
            else { return false }
            node = Int32(document["process"] as? Int ?? 0)
            return true
        }
        #expect(isAlive(node))
        let said = String(decoding: try folder.read("other"), as: UTF8.self)
        let other = try #require(Int32(said.trimmingCharacters(in: .newlines)))
        defer { kill(other, SIGKILL) }
        #expect(isAlive(other))
        kill(script.processIdentifier, SIGKILL)
        try await eventually("the end of the node and of its folder") {
            !isAlive(node) && !FileManager.default.fileExists(atPath: place)
        }
    }
}
