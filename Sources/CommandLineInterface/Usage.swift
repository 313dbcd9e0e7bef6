package import ArgumentParser
internal import Foundation

/// Reading a program's arguments, with one form of errors for all programs.
package enum Usage {
    /// The command that the arguments are for.
    package static func command<Root: ParsableCommand>(
        of root: Root.Type,
        _ arguments: [String] = Array(CommandLine.arguments.dropFirst())
    ) throws -> any ParsableCommand {
        if let unknown = UnknownCommand(arguments, of: root) { throw unknown }
        return try root.parseAsRoot(arguments)
    }

    /// Ends the program: help and versions go to standard output, wrong usage ends it with 64, as
    /// one JSON document if that was asked for.
    package static func exit<Root: ParsableCommand>(
        _ root: Root.Type,
        with error: any Error,
        _ arguments: [String] = Array(CommandLine.arguments.dropFirst())
    ) -> Never {
        guard let failure = UsageFailure(error, of: root) else { root.exit(withError: error) }
        if arguments.prefix(while: { $0 != "--" }).contains("--json") {
            print(failure.json)
        } else {
            FileHandle.standardError.write(Data(failure.text.utf8))
        }
        root.exit(withError: ExitCode.validationFailure)
    }
}

/// Arguments that no command takes.
struct UsageFailure {
    let message: String
    let hint: String
    let text: String

    /// Nil for everything else that ends a program.
    init?<Root: ParsableCommand>(_ error: any Error, of root: Root.Type) {
        if let unknown = error as? UnknownCommand {
            message = unknown.message
            hint = unknown.hint
            text = "error: \(message)\nhelp: \(hint)\n"
            return
        }
        guard !(error is ExitCode), root.exitCode(for: error) == .validationFailure else {
            return nil
        }
        let message = root.message(for: error)
        let usage = root.fullMessage(for: error).split(separator: "\n").dropFirst()
            .drop { !$0.hasPrefix("Usage:") }
        self.message = message
        hint = usage.joined(separator: "\n")
        text = "error: \(message)\n" + usage.map { $0 + "\n" }.joined()
    }

    /// The envelope of all errors (`Spec/wire.md` §12.2).
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let content: [String: String?] = [
            "code": "usage", "message": message, "hint": hint, "details": nil,
        ]
        let envelope = ["error": content]
        guard let data = try? encoder.encode(envelope) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
