import Foundation
import Testing

/// The model in `Spec/chord/ring.pml`, searched by spin.
@Suite(
    .enabled(
        if: ModelChecker.isInstalled,
        "spin and a C compiler are not installed (apt-get install spin gcc)"
    )
)
struct PromelaTests {
    @Test func `in every state that four identifiers can reach the ring holds`() throws {
        let checker = try ModelChecker(["-DN=4"])
        let report = try checker.search(depth: 2_000_000)
        #expect(report.errors == 0)
        #expect(report.isComplete)
        #expect(report.states > 1_000_000)
    }

    @Test func `eight identifiers keep the ring for ten steps`() throws {
        let checker = try ModelChecker(["-DN=8", "-DDEPTH=10"])
        let report = try checker.search(depth: 1000)
        #expect(report.errors == 0)
        #expect(report.isComplete)
        #expect(report.states > 1_000_000)
    }

    @Test func `the model of the original Chord breaks`() throws {
        let checker = try ModelChecker(["-DN=8", "-DDEPTH=10", "-DORIGINAL"])
        #expect(try checker.search(depth: 1000).errors == 1)
    }
}

/// Spin's verifier of the model, compiled in a folder of its own.
private final class ModelChecker {
    struct Report {
        var errors: Int
        var states: Int
        /// Whether no state lay beyond the greatest depth.
        var isComplete: Bool
    }

    private static let spin = program("spin")
    private static let compiler = program("cc") ?? program("clang")
    static var isInstalled: Bool { spin != nil && compiler != nil }

    private let folder: URL

    init(_ definitions: [String]) throws {
        let temporary = FileManager.default.temporaryDirectory
        folder = temporary.appending(path: "prost-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let model = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Spec/chord/ring.pml").standardizedFileURL.path
        try run(#require(Self.spin), definitions + ["-a", model])
        try run(#require(Self.compiler), ["-w", "-O2", "-DSAFETY", "-o", "pan", "pan.c"])
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    func search(depth: Int) throws -> Report {
        let text = try run(folder.appending(path: "pan"), ["-E", "-m\(depth)"])
        return Report(
            errors: try number(in: text, #/errors: (\d+)/#),
            states: try number(in: text, #/(\d+) states, stored/#),
            isComplete: !text.contains("max search depth too small")
        )
    }

    private func number(in text: String, _ pattern: Regex<(Substring, Substring)>) throws -> Int {
        let match = try #require(text.firstMatch(of: pattern), "\(text)")
        return try #require(Int(match.1))
    }

    @discardableResult
    private func run(_ program: URL, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardInput = FileHandle.nullDevice
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let bytes = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func program(_ name: String) -> URL? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin"
        return path.split(separator: ":").map { URL(filePath: String($0)).appending(path: name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }
}
