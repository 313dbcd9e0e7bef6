/// A place in the source, ready to be shown.
package struct SourceExcerpt: Sendable, Equatable {
    package let path: String
    /// Counted from 1; columns are characters.
    package let line: Int
    package let column: Int
    package let endColumn: Int
    /// The whole line, without its end.
    package let text: String
    /// What is said under the carets.
    package let label: String
}

/// Where a piece of text came from: a macro's use or an include.
package enum SourceOrigin: Sendable, Equatable {
    case expansion(macro: String, at: SourceExcerpt)
    case include(at: SourceExcerpt)
}

/// One error or warning, complete in itself.
package struct Diagnostic: Sendable, Equatable {
    package enum Severity: String, Sendable { case error, warning }

    package let severity: Severity
    package let code: DiagnosticCode
    package let message: String
    package let primary: SourceExcerpt
    package let related: [SourceExcerpt]
    package let notes: [String]
    package let help: [String]
    /// Innermost first.
    package let origins: [SourceOrigin]
}

/// Collects diagnostics, drops repetitions of one place, and stops at the limit.
struct DiagnosticBag {
    var sources = SourceMap()
    private var found: [(place: SourceSpan, diagnostic: Diagnostic)] = []
    private(set) var errorCount = 0
    private var seen: Set<SourceSpan> = []
    /// Set when so much is wrong that going on is pointless.
    var isFull: Bool { errorCount > AssemblyLimits.errors }
    var hasErrors: Bool { errorCount > 0 }

    /// In the order of the text, file after file.
    var diagnostics: [Diagnostic] {
        found.enumerated().sorted { left, right in
            let (a, b) = (left.element.place, right.element.place)
            return (a.file, a.start, left.offset) < (b.file, b.start, right.offset)
        }.map(\.element.diagnostic)
    }

    mutating func error(
        _ code: DiagnosticCode,
        _ message: String,
        at span: SourceSpan,
        label: String = "",
        related: [(SourceSpan, String)] = [],
        notes: [String] = [],
        help: [String] = []
    ) {
        guard !isFull, seen.insert(span).inserted else { return }
        errorCount += 1
        if errorCount > AssemblyLimits.errors {
            append(
                .error,
                .tooManyErrors,
                "too many errors; the rest is not shown",
                span,
                "",
                [],
                [],
                []
            )
            return
        }
        append(.error, code, message, span, label, related, notes, help)
    }

    mutating func warning(
        _ code: DiagnosticCode,
        _ message: String,
        at span: SourceSpan,
        label: String = "",
        help: [String] = []
    ) {
        let warnings = found.count - errorCount
        guard warnings < AssemblyLimits.errors, seen.insert(span).inserted else { return }
        append(.warning, code, message, span, label, [], [], help)
    }

    private mutating func append(
        _ severity: Diagnostic.Severity,
        _ code: DiagnosticCode,
        _ message: String,
        _ span: SourceSpan,
        _ label: String,
        _ related: [(SourceSpan, String)],
        _ notes: [String],
        _ help: [String]
    ) {
        let diagnostic = Diagnostic(
            severity: severity,
            code: code,
            message: message,
            primary: sources.excerpt(span, label: label),
            related: related.map { sources.excerpt($0.0, label: $0.1) },
            notes: notes,
            help: help,
            origins: sources.origins(of: span)
        )
        found.append((sources.root(of: span), diagnostic))
    }
}

extension SourceMap {
    func excerpt(_ span: SourceSpan, label: String) -> SourceExcerpt {
        let file = files[Int(span.file)]
        let line = line(of: span)
        let bytes = file.source.bytes
        let start = min(Int(file.lineStarts[line]), bytes.count)
        var end = start
        while end < bytes.count, bytes[end] != 0x0A, end - start < AssemblyLimits.lineBytes {
            end += 1
        }
        if end > start, bytes[end - 1] == 0x0D { end -= 1 }
        let from = min(max(Int(span.start), start), end)
        let to = min(max(Int(span.end), from), end)
        let column = String(decoding: bytes[start..<from], as: UTF8.self).count + 1
        let width = String(decoding: bytes[from..<to], as: UTF8.self).count
        return SourceExcerpt(
            path: file.source.path,
            line: line + 1,
            column: column,
            endColumn: column + max(width, 1),
            text: String(decoding: bytes[start..<end], as: UTF8.self),
            label: label
        )
    }

    func origins(of span: SourceSpan) -> [SourceOrigin] {
        var result: [SourceOrigin] = []
        var current = span
        while let expansion = expansion(current.context) {
            result.append(.expansion(macro: expansion.macro, at: excerpt(expansion.use, label: "")))
            current = expansion.use
        }
        while let include = files[Int(current.file)].includedAt {
            result.append(.include(at: excerpt(include, label: "")))
            current = include
        }
        return result
    }
}
