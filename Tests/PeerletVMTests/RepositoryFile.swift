import Foundation

/// A text file of the repository that tests compare with what the sources say.
///
/// With `PROST_REWRITE=1` in the environment the file is written instead.
struct RepositoryFile {
    let path: String

    static var isRewriting: Bool { ProcessInfo.processInfo.environment["PROST_REWRITE"] == "1" }

    private var url: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(path)
    }

    func read() throws -> String { try String(contentsOf: url, encoding: .utf8) }

    func write(_ text: String) throws {
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    /// The lines between `<!-- name -->` and `<!-- /name -->`, rewritten first if asked for.
    func section(_ name: String, expected: [String]) throws -> [String] {
        var lines = try read().components(separatedBy: "\n")
        guard let start = lines.firstIndex(of: "<!-- \(name) -->"),
            let end = lines.firstIndex(of: "<!-- /\(name) -->"), start < end
        else { return [] }
        if Self.isRewriting {
            lines.replaceSubrange(start + 1..<end, with: expected)
            try write(lines.joined(separator: "\n"))
            return expected
        }
        return Array(lines[start + 1..<end])
    }
}
