internal import ArgumentParser
internal import CommandLineInterface
internal import Foundation
internal import PeerletAssembler

enum ErrorFormat: String, ExpressibleByArgument, CaseIterable { case human, short, json }

/// Options of all commands: results go to standard output, everything else to standard error.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON document.")
    var json = false

    @Option(help: "Form of diagnostics: human, short, json (one object per line).")
    var errorFormat = ErrorFormat.human

    @Option(
        help: "Colour of diagnostics: auto, always, never; NO_COLOR and FORCE_COLOR are respected."
    )
    var color = ColorChoice.auto

    @Flag(name: .shortAndLong, help: "Say nothing about what went well.")
    var quiet = false

    private var usesColor: Bool { color.isColored(on: STDERR_FILENO) }

    /// To standard error.
    func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    /// To standard output, unless it is JSON or quiet.
    ///
    /// - Parameter path: Written before; to standard error if that took standard output.
    func result(_ text: String, besides path: String? = nil) {
        guard !json, !quiet else { return }
        if path == "-" { note(text) } else { print(text) }
    }

    /// - Parameter path: As of `result`.
    func printJSON(_ value: some Encodable, besides path: String? = nil) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return }
        let text = String(decoding: data, as: UTF8.self)
        if path == "-" { note(text) } else { print(text) }
    }

    func show(_ diagnostics: [Diagnostic]) {
        let renderer = DiagnosticRenderer(usesColor: usesColor)
        for diagnostic in diagnostics {
            switch errorFormat {
            case .human: note(renderer.human(diagnostic))
            case .short: FileHandle.standardError.write(Data(renderer.short(diagnostic).utf8))
            case .json:
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
                if let data = try? encoder.encode(DiagnosticRecord(diagnostic)) {
                    note(String(decoding: data, as: UTF8.self))
                }
            }
        }
    }
}

/// A diagnostic as JSON.
struct DiagnosticRecord: Encodable {
    struct Span: Encodable {
        let path: String
        let line: Int
        let column: Int
        let endColumn: Int
        let text: String
        let label: String
        let isPrimary: Bool
    }

    struct Origin: Encodable {
        let kind: String
        let macro: String?
        let path: String
        let line: Int
        let column: Int
    }

    let code: String
    let level: String
    let message: String
    let spans: [Span]
    let notes: [String]
    let help: [String]
    let origins: [Origin]

    init(_ diagnostic: Diagnostic) {
        code = diagnostic.code.rawValue
        level = diagnostic.severity.rawValue
        message = diagnostic.message
        spans =
            [Self.span(diagnostic.primary, isPrimary: true)]
            + diagnostic.related.map { Self.span($0, isPrimary: false) }
        notes = diagnostic.notes
        help = diagnostic.help
        origins = diagnostic.origins.map { origin in
            switch origin {
            case .expansion(let macro, let at):
                Origin(kind: "macro", macro: macro, path: at.path, line: at.line, column: at.column)
            case .include(let at):
                Origin(kind: "include", macro: nil, path: at.path, line: at.line, column: at.column)
            }
        }
    }

    private static func span(_ excerpt: SourceExcerpt, isPrimary: Bool) -> Span {
        Span(
            path: excerpt.path,
            line: excerpt.line,
            column: excerpt.column,
            endColumn: excerpt.endColumn,
            text: excerpt.text,
            label: excerpt.label,
            isPrimary: isPrimary
        )
    }
}
