/// Blanks comments and string literals of a Swift file, so that words are looked for in code alone.
enum CodeMask {
    static func masked(_ bytes: [UInt8]) -> [UInt8] {
        var result = bytes
        var index = 0
        while index < bytes.count {
            let end = endOfBlank(bytes, at: index)
            for blank in index..<end where bytes[blank] != newline { result[blank] = space }
            index = max(end, index + 1)
        }
        return result
    }

    private static let newline = UInt8(ascii: "\n")
    private static let space = UInt8(ascii: " ")
    private static let quote = UInt8(ascii: "\"")
    private static let slash = UInt8(ascii: "/")
    private static let star = UInt8(ascii: "*")
    private static let backslash = UInt8(ascii: "\\")

    /// Where the comment or literal that starts at `start` ends; `start` itself if none does.
    private static func endOfBlank(_ bytes: [UInt8], at start: Int) -> Int {
        let byte = bytes[start]
        guard byte == slash || byte == quote else { return start }
        func at(_ offset: Int) -> UInt8 {
            start + offset < bytes.count ? bytes[start + offset] : newline
        }
        if byte == slash {
            if at(1) == slash {
                return bytes[start...].firstIndex(of: newline) ?? bytes.count
            }
            guard at(1) == star else { return start }
            var index = start + 2
            while index + 1 < bytes.count {
                if bytes[index] == star && bytes[index + 1] == slash { return index + 2 }
                index += 1
            }
            return bytes.count
        }
        let isBlock = at(1) == quote && at(2) == quote
        var index = start + (isBlock ? 3 : 1)
        while index < bytes.count {
            if bytes[index] == backslash {
                index += 2
            } else if isBlock && bytes[index] == quote && index + 2 < bytes.count
                && bytes[index + 1] == quote && bytes[index + 2] == quote
            {
                return index + 3
            } else if !isBlock && (bytes[index] == quote || bytes[index] == newline) {
                return index + 1
            } else {
                index += 1
            }
        }
        return bytes.count
    }
}
