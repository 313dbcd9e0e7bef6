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
}

/// An error as a person reads it.
struct CommandFailure: Error {
    var status: ExitStatus
    var message: String
    var hint: String?
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
func reporting(_ body: () throws -> Void) throws {
    do {
        try body()
    } catch let error as ConfigurationErrors {
        for one in error.errors { Terminal.note("error: \(one)") }
        let status: ExitStatus = error.isUnreadable ? .noInput : .badInput
        throw ExitCode(status.rawValue)
    } catch let failure as CommandFailure {
        Terminal.note("error: \(failure.message)")
        if let hint = failure.hint { Terminal.note("hint: \(hint)") }
        throw ExitCode(failure.status.rawValue)
    } catch let failure as ResultFolder.Failure {
        Terminal.note("error: \(failure)")
        throw ExitCode(ExitStatus.noInput.rawValue)
    }
}
