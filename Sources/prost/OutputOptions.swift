internal import ArgumentParser
internal import CommandLineInterface
internal import Foundation

/// Options of all commands that show something: results go to standard output, everything else to
/// standard error.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print one JSON document.")
    var json = false

    @Option(help: "Colour: auto, always, never; NO_COLOR and FORCE_COLOR are respected.")
    var color = ColorChoice.auto

    @Flag(name: .shortAndLong, help: "Print nothing but results and errors.")
    var quiet = false

    var isColored: Bool { color.isColored(on: STDOUT_FILENO) }

    /// What a person may want to know besides.
    func note(_ text: String) {
        if !json, !quiet { Terminal.error(text) }
    }

    /// Columns as wide as their widest cell; the last one is not padded.
    func table(_ header: [String], _ rows: [[String]]) -> String {
        let all = [header] + rows
        let widths = header.indices.map { column in
            all.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        let lines = all.enumerated().map { index, row in
            let cells = row.enumerated().map { column, cell in
                column == row.count - 1
                    ? cell
                    : cell + String(repeating: " ", count: max(0, widths[column] - cell.count))
            }
            let line = cells.joined(separator: "  ")
            return index == 0 && isColored ? "\u{1B}[1m\(line)\u{1B}[0m" : line
        }
        return lines.joined(separator: "\n")
    }
}
