/// Diagnostics as text for people.
package struct DiagnosticRenderer: Sendable {
    package var usesColor: Bool

    package init(usesColor: Bool) { self.usesColor = usesColor }

    private func paint(_ text: String, _ code: String) -> String {
        usesColor ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }

    /// With source lines, carets, notes and where the text came from; ends with a line end.
    package func human(_ diagnostic: Diagnostic) -> String {
        let color = diagnostic.severity == .error ? "1;31" : "1;33"
        let head = "\(diagnostic.severity.rawValue)[\(diagnostic.code.rawValue)]"
        var lines = [
            paint(head, color) + paint(": \(Self.printable(diagnostic.message))", "1")
        ]
        let excerpts = [diagnostic.primary] + diagnostic.related
        let gutter = excerpts.map { String($0.line).count }.max() ?? 1
        let margin = String(repeating: " ", count: gutter)
        for (index, excerpt) in excerpts.enumerated() {
            let arrow = index == 0 ? "-->" : ":::"
            let place = "\(Self.printable(excerpt.path)):\(excerpt.line):\(excerpt.column)"
            lines.append("\(margin)\(paint(arrow, "34")) \(place)")
            lines.append("\(margin) \(paint("|", "34"))")
            lines.append(contentsOf: source(excerpt, gutter: gutter, isPrimary: index == 0, color))
        }
        let tail = tail(diagnostic, margin)
        if !tail.isEmpty { lines.append("\(margin) \(paint("|", "34"))") }
        lines.append(contentsOf: tail)
        return lines.joined(separator: "\n") + "\n"
    }

    private func source(
        _ excerpt: SourceExcerpt,
        gutter: Int,
        isPrimary: Bool,
        _ color: String
    ) -> [String] {
        let number = String(excerpt.line)
        let padded = String(repeating: " ", count: gutter - number.count) + number
        let window = Window(excerpt)
        let mark = String(repeating: isPrimary ? "^" : "-", count: window.width)
        let label = excerpt.label.isEmpty ? "" : " " + Self.printable(excerpt.label)
        let indent = String(repeating: " ", count: window.indent)
        let margin = String(repeating: " ", count: gutter)
        return [
            "\(paint(padded, "34")) \(paint("|", "34")) \(window.text)",
            "\(margin) \(paint("|", "34")) \(indent)\(paint(mark + label, isPrimary ? color : "34"))",
        ]
    }

    private func tail(_ diagnostic: Diagnostic, _ margin: String) -> [String] {
        var lines: [String] = []
        for note in diagnostic.notes { lines.append("\(margin) = note: \(Self.printable(note))") }
        for help in diagnostic.help { lines.append("\(margin) = help: \(Self.printable(help))") }
        let (shown, hidden) = Self.shown(diagnostic.origins)
        for (index, origin) in shown.enumerated() {
            if hidden > 0, index == shown.count - 1 {
                lines.append("\(margin) = and \(hidden) more")
            }
            switch origin {
            case .expansion(let macro, let at):
                lines.append(
                    "\(margin) = in the expansion of macro `\(macro)`, used at \(place(at))"
                )
            case .include(let at): lines.append("\(margin) = included from \(place(at))")
            }
        }
        return lines
    }

    /// The innermost and the outermost one, and how many between them are left out.
    private static func shown(_ origins: [SourceOrigin]) -> ([SourceOrigin], hidden: Int) {
        guard origins.count > 5 else { return (origins, 0) }
        return (Array(origins.prefix(3)) + origins.suffix(1), origins.count - 4)
    }

    private func place(_ excerpt: SourceExcerpt) -> String {
        "\(Self.printable(excerpt.path)):\(excerpt.line):\(excerpt.column)"
    }

    /// One line: `path:line:column: error[PA0101]: message`.
    package func short(_ diagnostic: Diagnostic) -> String {
        let head = "\(diagnostic.severity.rawValue)[\(diagnostic.code.rawValue)]"
        return "\(place(diagnostic.primary)): \(head): \(Self.printable(diagnostic.message))\n"
    }

    /// Control characters are shown, not obeyed.
    static func printable(_ text: some StringProtocol) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl =
                        scalar.value < 0x20 || (scalar.value >= 0x7F && scalar.value < 0xA0)
                    let isDirection =
                        (0x202A...0x202E).contains(scalar.value)
                        || (0x2066...0x2069).contains(scalar.value)
                    return isControl || isDirection ? "\u{FFFD}" : scalar
                }
            )
        )
    }

    /// The part of a line that is shown: at most 120 characters around the marked ones.
    private struct Window {
        let text: String
        let indent: Int
        let width: Int

        init(_ excerpt: SourceExcerpt) {
            let characters = Array(excerpt.text)
            let column = min(max(excerpt.column - 1, 0), characters.count)
            let first = column > 100 ? column - 60 : 0
            let last = min(first + 120, characters.count)
            let shown = characters[first..<last]
            let lead = shown.prefix(column - first).map { $0 == "\t" ? "    " : String($0) }
                .joined()
            let body = shown.map { $0 == "\t" ? "    " : String($0) }.joined()
            text =
                (first > 0 ? "…" : "") + DiagnosticRenderer.printable(body)
                + (last < characters.count ? "…" : "")
            indent = lead.count + (first > 0 ? 1 : 0)
            width = max(1, min(excerpt.endColumn - excerpt.column, max(last - column, 1)))
        }
    }
}
