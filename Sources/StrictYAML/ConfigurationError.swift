/// One mistake in a policy or configuration file, with where it is (`Spec/policy.md` §4).
package struct ConfigurationError: Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case unreadable(String)
        case tooLarge(count: Int, limit: Int)
        case notYAML(String)
        case unknownKey(String, suggestion: String?)
        case duplicateKey(String)
        case missingKey(String)
        case noValue
        case wrongType(expected: String, found: String)
        case invalid(String)
        case negative
        case overflow
        case unknownUnit(String, expected: String)
        case outOfRange(value: String, least: String, most: String)
        case unknownValue(String, allowed: String, suggestion: String?)
        case contradiction(String)
    }

    package var file: String
    /// From 1; 0 where no line applies.
    package var line: Int
    /// Path inside the file, as `providers[0].key`; empty for the whole file.
    package var path: String
    package var reason: Reason

    package init(file: String, line: Int, path: String, reason: Reason) {
        self.file = file
        self.line = line
        self.path = path
        self.reason = reason
    }

    package var description: String {
        let place = line > 0 ? "\(file):\(line): " : "\(file): "
        return place + (path.isEmpty ? "" : "\(path): ") + what
    }

    /// The mistake without its place.
    package var what: String {
        switch reason {
        case .unreadable(let why): "cannot be read: \(why)"
        case .tooLarge(let count, let limit): "has \(count) bytes, at most \(limit)"
        case .notYAML(let why): "is not YAML: \(why)"
        case .unknownKey(let key, let suggestion):
            "unknown key \(key)" + Self.hint(suggestion)
        case .duplicateKey(let key): "\(key) is there twice"
        case .missingKey(let key): "\(key) is missing"
        case .noValue: "has no value; leave the key out for the default"
        case .wrongType(let expected, let found): "expected \(expected), found \(found)"
        case .invalid(let why): why
        case .negative: "must not be negative"
        case .overflow: "is larger than 64 bits hold"
        case .unknownUnit(let unit, let expected):
            unit.isEmpty ? "needs a unit; \(expected)" : "unknown unit \(unit); \(expected)"
        case .outOfRange(let value, let least, let most):
            "\(value) is not between \(least) and \(most)"
        case .unknownValue(let value, let allowed, let suggestion):
            "unknown value \(value); allowed are \(allowed)" + Self.hint(suggestion)
        case .contradiction(let why): why
        }
    }

    private static func hint(_ suggestion: String?) -> String {
        suggestion.map { "; did you mean \($0)?" } ?? ""
    }
}

/// Everything wrong with a file, by line.
package struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    package let errors: [ConfigurationError]

    package init(_ errors: [ConfigurationError]) {
        self.errors = errors.enumerated()
            .sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }
            .map(\.element)
    }

    /// Whether there was no file to read.
    package var isUnreadable: Bool {
        errors.contains { if case .unreadable = $0.reason { true } else { false } }
    }

    package var description: String {
        errors.map(\.description).joined(separator: "\n")
    }
}
