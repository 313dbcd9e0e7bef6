/// The lines of minisign's text files: a comment, a line of Base64, and so on.
struct MinisignText {
    /// Longest file read, bytes.
    static let byteLimit = 16 * 1024

    private var lines: ArraySlice<ArraySlice<UInt8>>

    init(_ bytes: [UInt8]) throws(MinisignError) {
        guard bytes.count <= Self.byteLimit else { throw .malformed("file is too long") }
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)[
            ...
        ]
        if lines.last?.isEmpty == true { lines.removeLast() }
        self.lines = lines
    }

    var lineCount: Int { lines.count }

    private mutating func line(_ what: String) throws(MinisignError) -> ArraySlice<UInt8> {
        guard let line = lines.popFirst() else { throw .malformed("\(what) is missing") }
        return line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    }

    /// The rest of a line that starts with `prefix`.
    mutating func comment(_ prefix: String) throws(MinisignError) -> String {
        let line = try line(prefix)
        guard line.starts(with: prefix.utf8),
            let text = String(validating: line.dropFirst(prefix.utf8.count), as: UTF8.self)
        else { throw .malformed("line does not start with \"\(prefix)\"") }
        return text
    }

    mutating func base64(_ what: String, count: Int) throws(MinisignError) -> [UInt8] {
        guard let bytes = Base64.bytes(try line(what)) else {
            throw .malformed("\(what) is not Base64")
        }
        guard bytes.count == count else {
            throw .malformed("\(what) has \(bytes.count) bytes, not \(count)")
        }
        return bytes
    }

    func expectEnd() throws(MinisignError) {
        guard lines.isEmpty else { throw .malformed("lines follow the end") }
    }

    static let untrusted = "untrusted comment: "
    static let trusted = "trusted comment: "

    /// Throws unless `comment` is one line of text that minisign can read back.
    static func checkComment(_ comment: String) throws(MinisignError) {
        guard comment.utf8.count <= 1024, comment.unicodeScalars.allSatisfy({ $0.value >= 32 })
        else { throw .malformed("a comment is one line of at most 1024 bytes") }
    }
}

func minisign<Value>(
    _ body: () throws(CryptographyError) -> Value
) throws(MinisignError) -> Value {
    do throws(CryptographyError) { return try body() } catch { throw .cryptography(error) }
}
