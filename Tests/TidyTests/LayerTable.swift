import Foundation

/// The table of layers in `Sources/README.md`.
struct LayerTable: Sendable {
    struct Row: Sendable {
        let layer: Int
        let target: String
        let purpose: String
        /// Targets of this package, then products of others.
        let imports: Set<String>
        let products: Set<String>
    }

    static let page = Repository.file("Sources/README.md")
    static let rows: [Row] = page.lines.compactMap(row)
    static let layers: [String: Int] = Dictionary(
        rows.map { ($0.target, $0.layer) },
        uniquingKeysWith: { first, _ in first }
    )

    private static func row(_ line: String) -> Row? {
        let cells = line.split(separator: "|", omittingEmptySubsequences: false)
            .map { $0.trimmingCharacters(in: .whitespaces) }
        guard cells.count == 6, let layer = Int(cells[1]) else { return nil }
        let halves = cells[4].components(separatedBy: "·")
        return Row(
            layer: layer,
            target: names(cells[2]).first ?? "",
            purpose: cells[3],
            imports: Set(names(halves[0])),
            products: Set(halves.count > 1 ? names(halves[1]) : [])
        )
    }

    /// What stands in back quotes.
    static func names(_ text: String) -> [String] {
        text.components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }
            .map(\.element)
    }
}
