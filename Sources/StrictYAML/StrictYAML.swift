internal import Foundation
package import PROSTNode
internal import Suggestions
internal import Yams

/// Reads one YAML file strictly, collecting every mistake with its line.
///
/// Only what the reader asks for is looked at, so that nothing in the file steers how deep or how
/// long reading goes.
package struct StrictYAML {
    /// Largest file, bytes.
    package static let byteLimit = 256 * 1024
    /// Deepest nesting of brackets or indentation.
    package static let depthLimit = 16

    package let file: String
    package private(set) var errors: [ConfigurationError] = []

    /// One key of a mapping with its value and path.
    package struct Entry {
        package let path: String
        package let line: Int
        let node: Yams.Node

        package var isList: Bool { if case .sequence = node { true } else { false } }
    }

    package init(file: String) { self.file = file }

    package mutating func report(_ entry: Entry, _ reason: ConfigurationError.Reason) {
        report(entry.path, entry.line, reason)
    }

    package mutating func report(_ path: String, _ line: Int, _ reason: ConfigurationError.Reason) {
        errors.append(ConfigurationError(file: file, line: line, path: path, reason: reason))
    }

    package func origin(_ entry: Entry) -> RuleOrigin {
        RuleOrigin(file: file, line: entry.line, path: entry.path)
    }

    /// Throws what was reported, if anything was.
    package func finish() throws(ConfigurationErrors) {
        if !errors.isEmpty { throw ConfigurationErrors(errors) }
    }

    // MARK: The document

    /// The text of a file at `path`.
    package static func text(at path: String) throws(ConfigurationErrors) -> String {
        func failure(_ reason: ConfigurationError.Reason) -> ConfigurationErrors {
            ConfigurationErrors([
                ConfigurationError(file: path, line: 0, path: "", reason: reason)
            ])
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw failure(.unreadable("no such file, or no permission"))
        }
        defer { try? handle.close() }
        let data: Data
        do {
            data = try handle.read(upToCount: byteLimit + 1) ?? Data()
        } catch {
            var isFolder: ObjCBool = false
            _ = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            throw failure(.unreadable(isFolder.boolValue ? "it is a folder" : "the disk refuses"))
        }
        guard data.count <= byteLimit else {
            throw failure(.tooLarge(count: data.count, limit: byteLimit))
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw failure(.notYAML("not UTF-8"))
        }
        return text
    }

    /// The whole document as one mapping of `keys`; an empty file is an empty mapping.
    package mutating func document(_ text: String, keys: [String]) -> [String: Entry] {
        guard text.utf8.count <= Self.byteLimit else {
            report("", 0, .tooLarge(count: text.utf8.count, limit: Self.byteLimit))
            return [:]
        }
        guard checkForm(text) else { return [:] }
        do {
            guard let node = try Yams.compose(yaml: text, .default, .default, .utf8) else {
                return [:]
            }
            return mapping(Entry(path: "", line: node.mark?.line ?? 1, node: node), keys: keys)
        } catch let error as YamlError {
            report(error)
        } catch {
            report("", 0, .notYAML("\(error)"))
        }
        return [:]
    }

    /// Refuses what makes a YAML parser work without bound: deep nesting and aliases.
    private mutating func checkForm(_ text: String) -> Bool {
        var depth = 0
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated()
        {
            var indents = 0
            var isStart = true
            var previous: Unicode.Scalar = " "
            var before: Unicode.Scalar = "\n"
            for scalar in line.unicodeScalars {
                switch scalar {
                case "[", "{": depth += 1
                case "]", "}": depth = max(0, depth - 1)
                case "-", "?": if isStart { indents += 1 }
                case "#": if previous == " " { isStart = false }
                default: if scalar != " ", scalar != "\t" { isStart = false }
                }
                if scalar == "#", previous == " " || previous == "\t" { break }
                if depth > Self.depthLimit || indents > Self.depthLimit {
                    report("", index + 1, .invalid("nested too deeply"))
                    return false
                }
                // Elsewhere than at the start of a node they are text.
                if scalar == "&" || scalar == "*", "\n:[{,-?".unicodeScalars.contains(before) {
                    report("", index + 1, .invalid("anchors and aliases are not allowed"))
                    return false
                }
                previous = scalar
                if scalar != " ", scalar != "\t" { before = scalar }
            }
        }
        return true
    }

    private mutating func report(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            report("", mark.line, .notYAML(problem))
        case .reader(let problem, _, _, _): report("", 0, .notYAML(problem))
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.sorted().joined(separator: ", ")
            report("", context.mark.line, .duplicateKey(keys))
        default: report("", 0, .notYAML("\(error)"))
        }
    }

    // MARK: Structure

    /// The entries of a mapping that may have `keys` and no others.
    package mutating func mapping(_ entry: Entry, keys: [String]) -> [String: Entry] {
        guard case .mapping(let pairs) = entry.node else {
            report(
                entry,
                Self.isNull(entry.node)
                    ? .noValue
                    : .wrongType(expected: "a mapping", found: Self.kind(entry.node))
            )
            return [:]
        }
        var found: [String: Entry] = [:]
        for (key, value) in pairs {
            let line = key.mark?.line ?? entry.line
            guard case .scalar(let scalar) = key else {
                report(
                    entry.path,
                    line,
                    .wrongType(expected: "a key", found: Self.kind(key))
                )
                continue
            }
            let name = scalar.string
            let path = entry.path.isEmpty ? name : "\(entry.path).\(name)"
            guard keys.contains(name) else {
                let nearest = Suggestion.nearest(to: name, among: keys)
                report(entry.path, line, .unknownKey(name, suggestion: nearest))
                continue
            }
            found[name] = Entry(path: path, line: line, node: value)
        }
        return found
    }

    package mutating func list(_ entry: Entry?) -> [Entry] {
        guard let entry else { return [] }
        guard case .sequence(let nodes) = entry.node else {
            report(
                entry,
                Self.isNull(entry.node)
                    ? .noValue : .wrongType(expected: "a list", found: Self.kind(entry.node))
            )
            return []
        }
        return nodes.enumerated().map { index, node in
            Entry(
                path: "\(entry.path)[\(index)]",
                line: node.mark?.line ?? entry.line,
                node: node
            )
        }
    }

    /// A scalar's text, not empty.
    package mutating func text(_ entry: Entry?) -> String? {
        guard let entry else { return nil }
        guard case .scalar(let scalar) = entry.node else {
            report(entry, .wrongType(expected: "a value", found: Self.kind(entry.node)))
            return nil
        }
        if Self.isNull(entry.node) || scalar.string.isEmpty {
            report(entry, .noValue)
            return nil
        }
        return scalar.string
    }

    private static func isNull(_ node: Yams.Node) -> Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any
        else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    private static func kind(_ node: Yams.Node) -> String {
        switch node {
        case .scalar(let scalar): "the value \(scalar.string.prefix(32))"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
