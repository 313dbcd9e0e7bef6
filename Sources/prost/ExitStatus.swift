internal import ArgumentParser
internal import Foundation
internal import PROSTNode
internal import PROSTService

/// The exit codes of all PROST commands (sysexits.h).
enum ExitStatus: Int32 {
    case done = 0
    case negative = 1
    case usage = 64
    case badInput = 65
    case noInput = 66
    case unreachable = 69
    case `internal` = 70
    case cannotCreate = 73
    case io = 74
    case temporary = 75
    case refused = 77
    case configuration = 78

    init(_ status: ClientStatus) {
        self =
            switch status {
            case .done: .done
            case .negative: .negative
            case .badInput: .badInput
            case .notFound: .noInput
            case .unreachable: .unreachable
            case .temporary: .temporary
            case .refused: .refused
            case .failed: .internal
            }
    }

    init(_ reason: DataDirectoryError.Reason) {
        self =
            switch reason {
            case .unusable: .cannotCreate
            case .inUse: .temporary
            case .notPrivate: .refused
            }
    }

    var code: ExitCode { ExitCode(rawValue) }

    /// Stable word for programs (`Spec/wire.md` §12.2).
    var word: String {
        switch self {
        case .done: "done"
        case .negative: "negative"
        case .usage: "usage"
        case .badInput: "bad-input"
        case .noInput: "not-found"
        case .unreachable: "unreachable"
        case .internal: "internal"
        case .cannotCreate: "cannot-create"
        case .io: "io"
        case .temporary: "temporary"
        case .refused: "refused"
        case .configuration: "configuration"
        }
    }
}

/// An error as a person reads it: what, why, and what to do next.
struct CommandFailure: Error {
    var status: ExitStatus
    var message: String
    var hint: String?
    /// For programs: what `--json` shows besides the message.
    var details: Document

    init(
        _ status: ExitStatus,
        _ message: String,
        hint: String? = nil,
        details: Document = .null
    ) {
        self.status = status
        self.message = message
        self.hint = hint
        self.details = details
    }

    /// Prints the error where it belongs and gives the exit code.
    func report(asJSON: Bool) -> ExitCode {
        if asJSON {
            let error = Document.object([
                .init(
                    "error",
                    .object([
                        .init("code", .text(status.word)),
                        .init("message", .text(message)), .init("hint", .optional(hint)),
                        .init("details", details),
                    ])
                )
            ])
            print(JSONText.line(error))
        } else {
            Terminal.error("error: \(message)")
            if let hint { Terminal.error("help: \(hint)") }
        }
        return status.code
    }
}

/// Runs a command's body and turns its failures into exit codes.
func reporting(asJSON: Bool, _ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let failure as CommandFailure {
        throw failure.report(asJSON: asJSON)
    } catch let code as ExitCode {
        throw code
    } catch {
        throw CommandFailure(.internal, "\(error)").report(asJSON: asJSON)
    }
}
