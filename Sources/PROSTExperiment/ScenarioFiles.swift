internal import Foundation
internal import PROSTNode
internal import PROSTSimulator
internal import SansIO
package import StrictYAML
internal import Suggestions

/// Fingerprints of the files that runs name, each read once.
package struct FileFingerprints {
    private let folder: String
    private var known: [[String?]: String?] = [:]

    package init(_ experiment: Experiment) { folder = experiment.folder }

    /// Nil for a run without files.
    package mutating func of(_ run: Experiment.Run) throws(ConfigurationErrors) -> String? {
        let names = ["underlay.type", "underlay.file", "churn.type", "churn.file"]
            .map { run.values.text($0) }
        if let found = known[names] { return found }
        let found = try ScenarioFiles(run.values, folder: folder).fingerprint
        known[names] = .some(found)
        return found
    }
}

/// What the files say that a run's parameters name.
struct ScenarioFiles: Sendable {
    /// Largest file, bytes, and most machines of a matrix: ten digits and a space for each number.
    static let byteLimit = 192 << 20
    static let machineLimit = 4096

    var matrix: LatencyMatrix?
    var trace: ChurnTrace?
    /// FNV-1a over the bytes of the files; nil without any.
    private(set) var fingerprint: String?

    init(_ values: ParameterValues, folder: String) throws(ConfigurationErrors) {
        if values.text("underlay.type") == "matrix", let name = values.text("underlay.file") {
            matrix = try Self.matrix(at: path(name, folder), lines(at: path(name, folder)))
        }
        if values.text("churn.type") == "trace", let name = values.text("churn.file") {
            trace = try Self.trace(at: path(name, folder), lines(at: path(name, folder)))
        }
    }

    private func path(_ name: String, _ folder: String) -> String {
        name.hasPrefix("/") ? name : folder + name
    }

    private static func failure(
        _ path: String,
        _ line: Int,
        _ reason: ConfigurationError.Reason
    ) -> ConfigurationErrors {
        ConfigurationErrors([
            ConfigurationError(file: path, line: line, path: "", reason: reason)
        ])
    }

    private mutating func lines(at path: String) throws(ConfigurationErrors) -> [Substring] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw Self.failure(path, 0, .unreadable("no such file, or no permission"))
        }
        defer { try? handle.close() }
        let data: Data
        do { data = try handle.read(upToCount: Self.byteLimit + 1) ?? Data() } catch {
            throw Self.failure(path, 0, .unreadable("reading failed"))
        }
        guard data.count <= Self.byteLimit else {
            throw Self.failure(path, 0, .tooLarge(count: data.count, limit: Self.byteLimit))
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw Self.failure(path, 0, .invalid("not UTF-8"))
        }
        fingerprint = FingerprintText.combined((fingerprint.map { [$0] } ?? []) + [text])
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// Numbers with spaces or commas between them, as many in each line as there are lines.
    private static func matrix(
        at path: String,
        _ lines: [Substring]
    ) throws(ConfigurationErrors) -> LatencyMatrix {
        guard (1...machineLimit).contains(lines.count) else {
            throw failure(
                path,
                0,
                .invalid("\(lines.count) lines; 1 to \(machineLimit) are allowed")
            )
        }
        var values: [UInt32] = []
        values.reserveCapacity(lines.count * lines.count)
        for (index, line) in lines.enumerated() {
            let fields = line.split { $0 == " " || $0 == "," || $0 == "\t" }
            guard fields.count == lines.count else {
                throw failure(
                    path,
                    index + 1,
                    .invalid("\(fields.count) numbers, but \(lines.count) lines: write a square")
                )
            }
            for field in fields {
                guard let value = UInt32(field) else {
                    throw failure(
                        path,
                        index + 1,
                        .wrongType(expected: "microseconds", found: String(field.prefix(32)))
                    )
                }
                values.append(value)
            }
        }
        guard let matrix = LatencyMatrix(roundTrips: values) else {
            throw failure(path, 0, .invalid("not a square"))
        }
        return matrix
    }

    /// Lines `TIME ACTION MACHINE`, times not falling.
    private static func trace(
        at path: String,
        _ lines: [Substring]
    ) throws(ConfigurationErrors) -> ChurnTrace {
        var result: [ChurnTrace.Line] = []
        for (index, line) in lines.enumerated() {
            let words = line.split(separator: " ").map(String.init)
            if words.isEmpty || words[0].hasPrefix("#") { continue }
            guard words.count == 3 else {
                throw failure(path, index + 1, .invalid("write TIME join|leave|fail MACHINE"))
            }
            guard let time = try? Quantity.parseDuration(words[0]) else {
                throw failure(
                    path,
                    index + 1,
                    .wrongType(expected: "a time as 10s or 250ms", found: words[0])
                )
            }
            guard let action = ChurnTrace.Action(rawValue: words[1]) else {
                let names = ChurnTrace.Action.allCases.map(\.rawValue)
                throw failure(
                    path,
                    index + 1,
                    .unknownValue(
                        words[1],
                        allowed: names.joined(separator: ", "),
                        suggestion: Suggestion.nearest(to: words[1], among: names)
                    )
                )
            }
            guard let machine = Int(words[2]), (0..<1_000_000).contains(machine) else {
                throw failure(
                    path,
                    index + 1,
                    .wrongType(expected: "a machine's number", found: words[2])
                )
            }
            let span = TimeSpan(nanoseconds: time)
            if let last = result.last, last.time > span {
                throw failure(path, index + 1, .invalid("earlier than the line before it"))
            }
            result.append(ChurnTrace.Line(time: span, action: action, machine: machine))
        }
        return ChurnTrace(lines: result)
    }
}
