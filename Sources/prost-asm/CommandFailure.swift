internal import ArgumentParser
internal import Foundation

/// Why a command ends with another exit code than 0 (sysexits, as far as they fit).
struct CommandFailure: Error {
    enum Code: Int32 {
        case no = 1
        case usage = 64
        case data = 65
        case noInput = 66
        case cannotCreate = 73
        case refused = 77
    }

    let code: Code
    /// Stable word for programs.
    let name: String
    let message: String
    var hint: String?
    var details: [DiagnosticRecord] = []
    /// The message was shown already, as diagnostics.
    var isShown = false

    static func usage(_ message: String, hint: String? = nil) -> CommandFailure {
        CommandFailure(code: .usage, name: "usage", message: message, hint: hint)
    }
}

/// A command with the common options; `execute` does its work.
protocol FileCommand: ParsableCommand {
    var output: OutputOptions { get }
    mutating func execute() throws(CommandFailure)
}

extension FileCommand {
    mutating func run() throws {
        do throws(CommandFailure) {
            try execute()
        } catch {
            if output.json { output.printJSON(ErrorEnvelope(error)) }
            if !error.isShown {
                output.note("error: \(error.message)")
                if let hint = error.hint { output.note("help: \(hint)") }
            }
            throw ExitCode(error.code.rawValue)
        }
    }
}

/// What `--json` prints of a failure.
struct ErrorEnvelope: Encodable {
    struct Content: Encodable {
        let code: String
        let message: String
        let hint: String?
        let details: [DiagnosticRecord]
    }

    let error: Content

    init(_ failure: CommandFailure) {
        error = Content(
            code: failure.name,
            message: failure.message,
            hint: failure.hint,
            details: failure.details
        )
    }
}
