/// Where a rule or limit was set, so that a refusal can say what to change.
package struct RuleOrigin: Hashable, Sendable, CustomStringConvertible {
    /// Name of the file; empty for what is built in.
    package var file: String
    /// From 1; 0 when the file has no such line.
    package var line: Int
    /// Path inside the file, as `defaults.memory`.
    package var path: String

    package init(file: String, line: Int, path: String) {
        self.file = file
        self.line = line
        self.path = path
    }

    package static func builtIn(_ path: String) -> Self { Self(file: "", line: 0, path: path) }

    package static func manifest(_ path: String) -> Self {
        Self(file: "manifest", line: 0, path: path)
    }

    package var description: String {
        if file.isEmpty { return "built-in \(path)" }
        return line > 0 ? "\(file):\(line) \(path)" : "\(file) \(path)"
    }
}
