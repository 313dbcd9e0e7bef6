/// Files above 300 lines, each with why it is one piece.
enum LongFiles {
    static let reasons: [String: String] = [:]
}
