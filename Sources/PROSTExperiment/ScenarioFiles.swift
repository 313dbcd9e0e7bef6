internal import Foundation
internal import PROSTNode
internal import PROSTSimulator
internal import SansIO
internal import StrictYAML
internal import Suggestions

/// What the files say that a run's parameters name.
struct ScenarioFiles: Sendable {
    /// Largest file, bytes, and most machines of a matrix.
    static let byteLimit = 64 << 20
    static let machineLimit = 4096

    var matrix: LatencyMatrix?
    var trace: ChurnTrace?

    init(_ values: ParameterValues, folder: String) throws(ConfigurationErrors) {
        if values.text("underlay.type") == "matrix", let name = values.text("underlay.file") {
            matrix = try Self.matrix(at: folder + name)
        }
        if values.text("churn.type") == "trace", let name = values.text("churn.file") {
            trace = try Self.trace(at: folder + name)
        }
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

    private static func lines(at path: String) throws(ConfigurationErrors) -> [Substring] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw failure(path, 0, .unreadable("no such file, or no permission"))
        }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: byteLimit + 1) else {
            throw failure(path, 0, .unreadable("reading failed"))
        }
        guard data.count <= byteLimit else {
            throw failure(path, 0, .tooLarge(count: data.count, limit: byteLimit))
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw failure(path, 0, .invalid("not UTF-8"))
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    /// Numbers with spaces or commas between them, as many in each line as there are lines.
    private static func matrix(at path: String) throws(ConfigurationErrors) -> LatencyMatrix {
        let lines = try lines(at: path)
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
    private static func trace(at path: String) throws(ConfigurationErrors) -> ChurnTrace {
        var result: [ChurnTrace.Line] = []
        for (index, line) in try lines(at: path).enumerated() {
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
