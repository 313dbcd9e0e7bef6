import Foundation
import Testing

/// A program of the system that must agree with us; a missing one fails the test.
struct ForeignTool {
    let executable: URL

    init(_ name: String) throws {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
        let found = path.split(separator: ":")
            .map { URL(filePath: String($0)).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
        executable = try #require(
            found,
            "\(name) is not installed; Scripts/test.sh installs it (apt-get install \(name))"
        )
    }

    /// Exit status and what it wrote to standard output.
    @discardableResult
    func run(
        _ arguments: [String],
        in folder: URL,
        input: String = ""
    ) throws -> (status: Int32, output: [UInt8]) {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        // From a file: a pipe to a tool that does not read ends this process with SIGPIPE.
        let source = folder.appending(path: "input-\(UUID().uuidString)")
        try Data(input.utf8).write(to: source)
        process.standardInput = try FileHandle(forReadingFrom: source)
        let stdout = Pipe()
        process.standardOutput = stdout
        process.standardError = FileHandle.nullDevice
        try process.run()
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, Array(output))
    }
}

/// A folder that is removed with its content.
final class TemporaryFolder {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appending(path: "prost-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ bytes: [UInt8], to name: String) throws {
        try Data(bytes).write(to: url.appending(path: name))
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: url.appending(path: name)))
    }
}
