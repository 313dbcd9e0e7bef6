internal import Foundation
internal import Testing

/// The `prost-asm` that was built beside the tests, run in a folder of its own.
final class Tool {
    let folder: URL
    let executable: URL

    struct Output {
        let status: Int32
        let bytes: Data
        let err: String

        var out: String { String(decoding: bytes, as: UTF8.self) }

        var json: [String: Any]? {
            (try? JSONSerialization.jsonObject(with: Data(out.utf8))) as? [String: Any]
        }
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "prost-asm-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let products = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        executable = products.appending(path: "prost-asm")
        try #require(FileManager.default.isExecutableFile(atPath: executable.path()))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func run(_ arguments: String..., input: String = "") throws -> Output {
        try run(arguments, input: Data(input.utf8))
    }

    func run(_ arguments: [String], input: Data) throws -> Output {
        let process = Process()
        process.executableURL = executable
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = ["NO_COLOR": "1", "PATH": "/usr/bin:/bin"]
        let out = folder.appending(path: ".out")
        let err = folder.appending(path: ".err")
        let source = folder.appending(path: ".in")
        try input.write(to: source)
        for file in [out, err] { try Data().write(to: file) }
        process.standardInput = try FileHandle(forReadingFrom: source)
        process.standardOutput = try FileHandle(forWritingTo: out)
        process.standardError = try FileHandle(forWritingTo: err)
        try process.run()
        process.waitUntilExit()
        return Output(
            status: process.terminationStatus,
            bytes: try Data(contentsOf: out),
            err: try String(contentsOf: err, encoding: .utf8)
        )
    }

    func write(_ text: String, _ name: String) throws {
        try Data(text.utf8).write(to: folder.appending(path: name))
    }

    func read(_ name: String) throws -> Data {
        try Data(contentsOf: folder.appending(path: name))
    }
}
