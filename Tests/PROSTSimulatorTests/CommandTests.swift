import Foundation
import Testing

/// The `prost-sim` that was built beside the tests, run as a person runs it.
@Suite struct CommandTests {
    /// A folder that is there as long as someone holds it.
    private final class Folder {
        let url = FileManager.default.temporaryDirectory
            .appending(path: "prost-sim-\(UUID().uuidString)")

        init() throws {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(at: url) }

        func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: url.appending(path: name))
        }

        func text(_ name: String) throws -> String {
            try String(contentsOf: url.appending(path: name), encoding: .utf8)
        }

        func names(_ name: String = "") throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: url.appending(path: name).path)
                .sorted()
        }
    }

    private struct Output {
        let status: Int32
        let out: String
        let err: String

        var json: [String: Any]? {
            (try? JSONSerialization.jsonObject(with: Data(out.utf8))) as? [String: Any]
        }

        var error: [String: Any]? { json?["error"] as? [String: Any] }
    }

    private func run(_ arguments: String..., in folder: Folder) throws -> Output {
        let process = Process()
        process.executableURL = URL(filePath: CommandLine.arguments[0])
            .deletingLastPathComponent().appending(path: "prost-sim")
        process.arguments = arguments
        process.currentDirectoryURL = folder.url
        process.environment = ["PATH": "/usr/bin:/bin"]
        process.standardInput = FileHandle.nullDevice
        let files = try ["out", "err"].map { name in
            try folder.write("", "." + name)
            return try FileHandle(forWritingTo: folder.url.appending(path: "." + name))
        }
        process.standardOutput = files[0]
        process.standardError = files[1]
        try process.run()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus,
            out: try folder.text(".out"),
            err: try folder.text(".err")
        )
    }

    private static let small = """
        prost-experiment: 1
        name: small
        seeds: 1..2
        nodes: 12
        overlay: { successors: 4 }
        phases: { measurement: 20s }
        workload: { interval: 5s }

        """

    @Test func `results are reproduced wherever they and their files were moved`() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "source"),
            withIntermediateDirectories: true
        )
        try folder.write(
            Self.small + "churn: { type: trace, file: trace.txt }\n",
            "source/small.yaml"
        )
        try folder.write("5s fail 3\n", "source/trace.txt")
        let first = try run("run", "source/small.yaml", "--out", "results", "--json", in: folder)
        #expect(first.status == 0, "\(first.err)")
        #expect(first.json?["runs"] as? Int == 2)
        // Nothing of it depends on the current folder, or is left beside the experiment.
        let other = try Folder()
        let results = folder.url.appending(path: "results").path
        let again = try run("reproduce", results, "--json", in: other)
        #expect(again.status == 0, "\(again.err)")
        #expect(again.json?["runs"] as? Int == 2)
        #expect((again.json?["differing"] as? [Any])?.isEmpty == true)
        #expect(try folder.names("source") == ["small.yaml", "trace.txt"])
        let replay = try run("replay", results, "--until-event", "100", "--json", in: other)
        #expect(replay.json?["event_count"] as? Int == 100, "\(replay.err)")
        // A report is made of results alone.
        try FileManager.default.removeItem(at: folder.url.appending(path: "source"))
        let report = try run("report", results, in: other)
        #expect(report.status == 0, "\(report.err)")
    }

    @Test func `a trace that was changed is played again, and nothing else`() throws {
        let folder = try Folder()
        try folder.write(Self.small + "churn: { type: trace, file: trace.txt }\n", "e.yaml")
        try folder.write("5s fail 3\n", "trace.txt")
        #expect(try run("run", "e.yaml", in: folder).status == 0)
        func stamp() throws -> Date? {
            let path = folder.url.appending(path: "small.results/runs/run-0001.json").path
            return try FileManager.default.attributesOfItem(atPath: path)[.modificationDate]
                as? Date
        }
        let before = try stamp()
        #expect(try run("run", "e.yaml", "--only-missing", in: folder).status == 0)
        #expect(try stamp() == before)
        try folder.write("6s fail 4\n", "trace.txt")
        #expect(try run("run", "e.yaml", "--only-missing", in: folder).status == 0)
        #expect(try stamp() != before)
    }

    @Test func `runs that are none of the experiment's are in no table`() throws {
        let folder = try Folder()
        try folder.write(Self.small, "e.yaml")
        #expect(try run("run", "e.yaml", "--seeds", "1..4", in: folder).status == 0)
        let fewer = ["run", "e.yaml", "--seeds", "1..2", "--only-missing"]
        #expect(try run(fewer[0], fewer[1], fewer[2], fewer[3], fewer[4], in: folder).status == 0)
        #expect(try folder.names("small.results/runs").count == 4)
        #expect(try run("report", "small.results", in: folder).status == 0)
        let table = try folder.text("small.results/runs.csv")
        #expect(table.split(separator: "\n").count == 3)
        let compared = try run("compare", "small.results", "small.results", "--json", in: folder)
        let rows = try #require(compared.json?["rows"] as? [[String: Any]])
        #expect(rows.map { $0["is_significant"] as? Bool } == [false])
        #expect(compared.json?["only_a"] as? [[String: String]] == [])
    }

    @Test func `a folder of anything else is not touched`() throws {
        let folder = try Folder()
        try folder.write(Self.small, "e.yaml")
        try FileManager.default.createDirectory(
            at: folder.url.appending(path: "runs"),
            withIntermediateDirectories: true
        )
        try folder.write("kept", "runs/mine.txt")
        let output = try run("run", "e.yaml", "--out", ".", "--json", in: folder)
        #expect(output.status == 73)
        #expect(output.error?["code"] as? String == "cannot-create", "\(output.out)")
        #expect(try folder.text("runs/mine.txt") == "kept")
    }

    @Test func `violations that nobody expects are a failure`() throws {
        let folder = try Folder()
        // Both halves make a ring of their own.
        let divided =
            Self.small.replacing("20s", with: "80s") + """
                checks: { period: 10s }
                overlay: { successors: 4, stabilize: 1s, fix_fingers: 1s }
                fault: { type: partition, span: 70s }

                """
        try folder.write(
            divided.replacing("overlay: { successors: 4 }\n", with: ""),
            "e.yaml"
        )
        let output = try run("run", "e.yaml", "--seeds", "1", in: folder)
        #expect(output.status == 1, "\(output.out) \(output.err)")
        #expect(output.err.contains("expected no violations"))
        try folder.write(
            try folder.text("e.yaml") + "expect: [ violations > 0 ]\n",
            "expected.yaml"
        )
        let expected = try run("run", "expected.yaml", "--seeds", "1", in: folder)
        #expect(expected.status == 0, "\(expected.out) \(expected.err)")
    }

    @Test func `failures have their exit codes and one form`() throws {
        let folder = try Folder()
        let missing = try run("check", "none.yaml", "--json", in: folder)
        #expect(missing.status == 66)
        #expect(missing.error?["code"] as? String == "not-found")
        try folder.write("prost-experiment: 1\n", "bad.yaml")
        let bad = try run("check", "bad.yaml", in: folder)
        #expect(bad.status == 65)
        #expect(bad.err == "error: bad.yaml:1: name is missing\n")
        let metric = try run("compare", "a", "b", "--metric", "hop", in: folder)
        #expect(metric.status == 64)
        #expect(metric.err.contains("\nhelp: "))
        try folder.write(Self.small, "e.yaml")
        #expect(try run("run", "e.yaml", "--seeds", "1", in: folder).status == 0)
        try folder.write("{}", "small.results/runs/run-0001.json")
        let damaged = try run("report", "small.results", "--json", in: folder)
        #expect(damaged.status == 65)
        #expect(damaged.error?["code"] as? String == "bad-input")
        // A file in the place of a folder: it cannot be written.
        try folder.write("", "file")
        #expect(try run("run", "e.yaml", "--out", "file", in: folder).status == 73)
    }

    @Test func `no cost is too large to be told`() throws {
        let folder = try Folder()
        try folder.write(Self.small, "e.yaml")
        let output = try run(
            "check",
            "e.yaml",
            "--set",
            "nodes=1M",
            "--set",
            "overlay.stabilize=1ns",
            "--set",
            "phases.measurement=200000d",
            in: folder
        )
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out.contains("runs (2 seeds)"))
    }
}
