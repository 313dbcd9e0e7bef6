import Foundation

/// One text file of the repository, as bytes: searching them is quick even without optimization.
struct SourceFile: Sendable {
    /// Relative to the repository, with slashes.
    let path: String
    let bytes: [UInt8]
    /// The same length with comments and string literals blanked, new lines kept.
    let code: [UInt8]

    init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
        code = path.hasSuffix(".swift") ? CodeMask.masked(bytes) : bytes
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }
    var lines: [String] { text.components(separatedBy: "\n") }
    var codeLines: [String] {
        String(decoding: code, as: UTF8.self).components(separatedBy: "\n")
    }

    /// The lines, counted from 1, on which a word stands in the code.
    ///
    /// A word that starts or ends with a letter is not found as part of a longer name.
    func codeLines(with word: String) -> [Int] { Self.lines(of: Array(word.utf8), in: code) }

    /// The lines, counted from 1, on which a word stands anywhere, comments included.
    func textLines(with word: String) -> [Int] { Self.lines(of: Array(word.utf8), in: bytes) }

    private static func lines(of word: [UInt8], in bytes: [UInt8]) -> [Int] {
        positions(of: word, in: bytes).map { position in
            bytes[..<position].reduce(into: 1) { count, byte in
                if byte == UInt8(ascii: "\n") { count += 1 }
            }
        }
    }

    private static func positions(of word: [UInt8], in bytes: [UInt8]) -> [Int] {
        var found: [Int] = []
        // `strstr` is as fast without optimization as with it; texts hold no byte 0.
        let terminated = bytes + [0]
        let needle = word.map { CChar(bitPattern: $0) } + [0]
        unsafe terminated.withUnsafeBytes { raw in
            let text = unsafe raw.assumingMemoryBound(to: CChar.self)
            guard let start = text.baseAddress else { return }
            var offset = 0
            while let match = unsafe strstr(start + offset, needle) {
                let position = unsafe UnsafePointer(match) - start
                found.append(position)
                offset = position + word.count
            }
        }
        return found.filter { position in
            let end = position + word.count
            let joinsBefore =
                position > 0 && isName(word[0]) && isName(bytes[position - 1])
            let joinsAfter =
                end < bytes.count && isName(word[word.count - 1]) && isName(bytes[end])
            return !joinsBefore && !joinsAfter
        }
    }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
