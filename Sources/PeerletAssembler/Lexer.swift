/// Turns one file's bytes into tokens, one at a time.
struct Lexer {
    let file: Int32
    private let bytes: [UInt8]
    private var position = 0
    private var sawSpace = true
    private var previousEnd = -1
    private var previousCloses = false

    init(file: Int32, bytes: [UInt8]) {
        self.file = file
        self.bytes = bytes
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// What is wrong with the file as a whole, before any token is read.
    static func refusal(of bytes: [UInt8]) -> (code: DiagnosticCode, message: String, offset: Int)?
    {
        if bytes.count > AssemblyLimits.fileBytes {
            return (.tooLarge, "the file is larger than 16 MiB", 0)
        }
        var lineStart = 0
        for (offset, byte) in bytes.enumerated() {
            if byte == 0 { return (.badEncoding, "the file has a NUL byte", offset) }
            if byte == 0x0A { lineStart = offset + 1 }
            if offset - lineStart >= AssemblyLimits.lineBytes {
                return (.tooLarge, "the line is longer than 16 KiB", lineStart)
            }
        }
        if let offset = firstMalformed(bytes) {
            return (.badEncoding, "the file is not UTF-8", offset)
        }
        return nil
    }

    private static func firstMalformed(_ bytes: [UInt8]) -> Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }

    private func byte(_ ahead: Int = 0) -> UInt8 {
        position + ahead < bytes.count ? bytes[position + ahead] : 0
    }

    private func token(_ kind: Token.Kind, from start: Int) -> Token {
        Token(
            kind: kind,
            span: SourceSpan(file: file, start: Int32(start), end: Int32(position)),
            isSpaced: start != previousEnd
        )
    }

    mutating func next(_ bag: inout DiagnosticBag) -> Token {
        skipSpace()
        let start = position
        let kind = scan(&bag)
        let token = token(kind, from: start)
        previousEnd = position
        previousCloses =
            kind == .sign(.closeParen) || kind == .sign(.closeBracket) || kind == .groupClose
        if kind == .newline { previousEnd = -1 }
        return token
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0D: position += 1
            case UInt8(ascii: ";"):
                while position < bytes.count, bytes[position] != 0x0A { position += 1 }
            default: return
            }
        }
    }

    private mutating func scan(_ bag: inout DiagnosticBag) -> Token.Kind {
        guard position < bytes.count else { return .endOfFile }
        let first = bytes[position]
        if first == 0x0A {
            position += 1
            return .newline
        }
        if Self.isNameStart(first) { return .name(scanName()) }
        if Self.isDigit(first) { return scanNumber(&bag) }
        if first == UInt8(ascii: "\"") { return scanString(&bag) }
        if first == UInt8(ascii: "'") { return scanCharacter(&bag) }
        let touchesClose = previousCloses && position == previousEnd
        if first == UInt8(ascii: "."), Self.isNameStart(byte(1)), !touchesClose {
            position += 1
            return .directive("." + scanName())
        }
        return scanSign(&bag)
    }

    static func isNameStart(_ byte: UInt8) -> Bool {
        (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x61 && byte <= 0x7A) || byte == 0x5F
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }

    private mutating func scanName() -> String {
        let start = position
        while true {
            while Self.isNamePart(byte()) { position += 1 }
            guard byte() == UInt8(ascii: "."), Self.isNameStart(byte(1)) else { break }
            position += 1
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func scanSign(_ bag: inout DiagnosticBag) -> Token.Kind {
        for (sign, text) in Sign.byLength {
            guard bytes[position...].starts(with: text) else { continue }
            // `<u` is an operator only if no longer word begins with that u.
            if text.last == UInt8(ascii: "u"), Self.isNamePart(byte(text.count)) { continue }
            position += text.count
            return .sign(sign)
        }
        let start = position
        repeat { position += 1 } while position < bytes.count && bytes[position] & 0xC0 == 0x80
        let shown = String(decoding: bytes[start..<position], as: UTF8.self)
        bag.error(
            .badCharacter,
            "unexpected character `\(DiagnosticRenderer.printable(shown))`",
            at: token(.invalid, from: start).span
        )
        return .invalid
    }

    // MARK: Numbers

    private mutating func scanNumber(_ bag: inout DiagnosticBag) -> Token.Kind {
        let start = position
        var radix: UInt64 = 10
        if byte() == UInt8(ascii: "0") {
            switch byte(1) {
            case UInt8(ascii: "x"), UInt8(ascii: "X"): radix = 16
            case UInt8(ascii: "b"), UInt8(ascii: "B"): radix = 2
            case UInt8(ascii: "o"), UInt8(ascii: "O"): radix = 8
            default: break
            }
            if radix != 10 { position += 2 }
        }
        var value: UInt64 = 0
        var digits = 0
        var overflow = false
        var malformed = false
        while Self.isNamePart(byte()) {
            let current = byte()
            position += 1
            if current == UInt8(ascii: "_") { continue }
            guard let digit = Self.digit(current), digit < radix else {
                malformed = true
                continue
            }
            digits += 1
            let (product, high) = value.multipliedReportingOverflow(by: radix)
            let (sum, carry) = product.addingReportingOverflow(digit)
            overflow = overflow || high || carry
            value = sum
        }
        let span = token(.invalid, from: start).span
        if malformed || digits == 0 {
            bag.error(
                .badNumber,
                "malformed number",
                at: span,
                help: ["numbers are 42, 0x2A, 0b101, 0o52; `_` may separate digits"]
            )
            return .invalid
        }
        if overflow {
            bag.error(.badNumber, "the number does not fit 64 bits", at: span)
            return .invalid
        }
        return .integer(value)
    }

    static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 0x30...0x39: UInt64(byte - 0x30)
        case 0x41...0x46: UInt64(byte - 0x41 + 10)
        case 0x61...0x66: UInt64(byte - 0x61 + 10)
        default: nil
        }
    }

    // MARK: Strings

    private mutating func scanString(_ bag: inout DiagnosticBag) -> Token.Kind {
        let start = position
        position += 1
        var text: [UInt8] = []
        var isGood = true
        while position < bytes.count, bytes[position] != 0x0A {
            let current = bytes[position]
            position += 1
            if current == UInt8(ascii: "\"") { return isGood ? .string(text) : .invalid }
            if current != UInt8(ascii: "\\") {
                text.append(current)
            } else if let escaped = scanEscape(&bag) {
                text.append(contentsOf: escaped)
            } else {
                isGood = false
            }
        }
        bag.error(
            .badString,
            "the string is not closed on its line",
            at: token(.invalid, from: start).span
        )
        return .invalid
    }

    private mutating func scanCharacter(_ bag: inout DiagnosticBag) -> Token.Kind {
        let start = position
        position += 1
        var text: [UInt8] = []
        var isGood = true
        while position < bytes.count, bytes[position] != 0x0A, bytes[position] != UInt8(ascii: "'")
        {
            let current = bytes[position]
            position += 1
            if current != UInt8(ascii: "\\") {
                text.append(current)
            } else if let escaped = scanEscape(&bag) {
                text.append(contentsOf: escaped)
            } else {
                isGood = false
            }
        }
        let isClosed = byte() == UInt8(ascii: "'")
        if isClosed { position += 1 }
        guard isGood else { return .invalid }
        if isClosed, text.count == 1 { return .integer(UInt64(text[0])) }
        let scalars = Array(String(decoding: text, as: UTF8.self).unicodeScalars)
        if isClosed, scalars.count == 1 { return .integer(UInt64(scalars[0].value)) }
        bag.error(
            .badString,
            isClosed
                ? "a character constant is exactly one character" : "the character is not closed",
            at: token(.invalid, from: start).span,
            help: isClosed ? ["strings are written \"like this\""] : []
        )
        return .invalid
    }

    /// After a backslash: the bytes meant, or nil after reporting.
    private mutating func scanEscape(_ bag: inout DiagnosticBag) -> [UInt8]? {
        let start = position - 1
        let kind = byte()
        if position < bytes.count, kind != 0x0A { position += 1 }
        switch kind {
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "0"): return [0]
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): return [kind]
        case UInt8(ascii: "x"):
            if let high = Self.digit(byte()), let low = Self.digit(byte(1)) {
                position += 2
                return [UInt8(high * 16 + low)]
            }
        case UInt8(ascii: "u"):
            if let scalar = scanScalar() { return Array(String(Character(scalar)).utf8) }
        default: break
        }
        bag.error(
            .badEscape,
            "unknown escape",
            at: token(.invalid, from: start).span,
            help: ["escapes are \\n \\r \\t \\0 \\\\ \\' \\\" \\xNN \\u{N}"]
        )
        return nil
    }

    private mutating func scanScalar() -> Unicode.Scalar? {
        guard byte() == UInt8(ascii: "{") else { return nil }
        position += 1
        var value: UInt32 = 0
        var digits = 0
        while let digit = Self.digit(byte()), digits < 6 {
            value = value << 4 | UInt32(digit)
            digits += 1
            position += 1
        }
        guard digits > 0, byte() == UInt8(ascii: "}") else { return nil }
        position += 1
        return Unicode.Scalar(value)
    }
}
