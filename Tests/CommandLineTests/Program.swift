import Foundation
import Testing

/// A folder that is there as long as someone holds it.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        // Short: the path of a node's socket has at most 107 bytes.
        path = NSTemporaryDirectory() + "prost-cli-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func read(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
    }
}

/// The programs that were built beside the tests, run as a person runs them.
enum Program: String {
    case prost
    case assembler = "prost-asm"

    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    struct Output {
        let status: Int32
        let out: String
        let err: String

        /// The one document that `--json` prints.
        var json: [String: Any] { get throws { try object(Data(out.utf8)) } }

        /// The content of the error envelope.
        var error: [String: Any] {
            get throws { try #require(try json["error"] as? [String: Any], "\(out)") }
        }
    }

    var executable: URL {
        URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appendingPathComponent(rawValue)
    }

    /// A process of the program, not started yet.
    func process(
        _ arguments: [String],
        in folder: TestFolder,
        environment: [String: String] = [:]
    ) -> Process {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        return process
    }

    func run(
        _ arguments: String...,
        in folder: TestFolder,
        environment: [String: String] = [:]
    ) async throws -> Output {
        try await run(arguments, in: folder, environment: environment)
    }

    /// Runs the program to its end, which is to come within a minute.
    func run(
        _ arguments: [String],
        in folder: TestFolder,
        environment: [String: String] = [:]
    ) async throws -> Output {
        let process = process(arguments, in: folder, environment: environment)
        let name = folder.path + "/." + UUID().uuidString
        defer {
            for stream in ["out", "err"] {
                try? FileManager.default.removeItem(atPath: "\(name).\(stream)")
            }
        }
        process.standardOutput = try Self.file("\(name).out")
        process.standardError = try Self.file("\(name).err")
        try process.run()
        let command = "\(rawValue) \(arguments.joined(separator: " "))"
        do {
            try await eventually("the end of '\(command)'") { !process.isRunning }
        } catch {
            kill(process.processIdentifier, SIGKILL)
            throw error
        }
        return Output(
            status: process.terminationStatus,
            out: try String(contentsOfFile: "\(name).out", encoding: .utf8),
            err: try String(contentsOfFile: "\(name).err", encoding: .utf8)
        )
    }

    static func file(_ path: String) throws -> FileHandle {
        _ = FileManager.default.createFile(atPath: path, contents: nil)
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }
}

struct TookTooLong: Error, CustomStringConvertible {
    var description: String
}

/// Waits until a condition holds.
func eventually(
    _ what: String,
    within seconds: Double = 60,
    _ condition: () throws -> Bool
) async throws {
    let deadline = Date().addingTimeInterval(seconds)
    while try !condition() {
        guard Date() < deadline else {
            throw TookTooLong(description: "\(what) did not come within \(seconds) s")
        }
        try await Task.sleep(for: .milliseconds(20))
    }
}

func object(_ data: Data) throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: data)
    return try #require(value as? [String: Any], "\(String(decoding: data, as: UTF8.self))")
}

/// Whether a process is there and no zombie.
func isAlive(_ process: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
    else { return false }
    return !status.contains(") Z ")
}
