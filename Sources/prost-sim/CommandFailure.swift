internal import ArgumentParser
internal import Foundation
internal import PROSTExperiment
internal import StrictYAML

/// Exit codes (sysexits, as far as they fit).
enum ExitStatus: Int32 {
    case negative = 1
    case usage = 64
    case badInput = 65
    case noInput = 66
    case `internal` = 70
    case cannotCreate = 73

    /// Stable word for programs (`Spec/wire.md` §12.2).
    var word: String {
        switch self {
        case .negative: "negative"
        case .usage: "usage"
        case .badInput: "bad-input"
        case .noInput: "not-found"
        case .internal: "internal"
        case .cannotCreate: "cannot-create"
        }
    }
}

/// An error as a person reads it.
struct CommandFailure: Error {
    var status: ExitStatus
    var message: String
    var hint: String?

    init(_ status: ExitStatus, _ message: String, hint: String? = nil) {
        self.status = status
        self.message = message
        self.hint = hint
    }

    /// Whatever else goes wrong.
    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let errors as ConfigurationErrors:
            self.init(errors.isUnreadable ? .noInput : .badInput, "\(errors)")
        case let failure as ResultFolder.Failure:
            let status: ExitStatus =
                switch failure.kind {
                case .missing: .noInput
                case .damaged: .badInput
                case .notWritable: .cannotCreate
                }
            self.init(status, "\(failure)")
        default: self.init(.internal, "\(error)")
        }
    }

    /// Says it where it belongs.
    func report(asJSON: Bool) {
        if asJSON {
            let content: [String: String?] = [
                "code": status.word, "message": message, "hint": hint, "details": nil,
            ]
            return print(Terminal.json(["error": content]))
        }
        for line in message.split(separator: "\n") { Terminal.note("error: \(line)") }
        if let hint { Terminal.note("help: \(hint)") }
    }
}

/// Options of all commands that show something.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON object.")
    var json = false
}

/// Results go to standard output, everything else to standard error.
enum Terminal {
    static func note(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// A line that the next one replaces, if a person is watching.
    static func status(_ text: String) {
        guard isWatched else { return }
        FileHandle.standardError.write(Data(("\r\u{1B}[K" + text).utf8))
    }

    static let isWatched = isatty(STDERR_FILENO) == 1

    static func table(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell
                    : cell + String(repeating: " ", count: max(0, widths[column] - cell.count))
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }

    static func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? "null"
    }
}

/// Runs a command's work and turns what goes wrong into words and an exit code.
func reporting(asJSON: Bool, _ body: () throws -> Void) throws {
    do {
        try body()
    } catch let code as ExitCode {
        throw code
    } catch {
        let failure = CommandFailure(error)
        failure.report(asJSON: asJSON)
        throw ExitCode(failure.status.rawValue)
    }
}
