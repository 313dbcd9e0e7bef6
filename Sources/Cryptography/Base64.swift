/// Base64 with padding (RFC 4648 §4); only the one canonical text of some bytes is read.
package enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8
    )

    private static let values: [UInt8?] = {
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, digit) in digits.enumerated() {
            values[Int(digit)] = UInt8(truncatingIfNeeded: value)
        }
        return values
    }()

    package static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for index in 0..<3 {
                let byte = index < group.count ? group[start + index] : 0
                bits = bits << 8 | UInt32(byte)
            }
            for index in 0..<4 {
                let digit = digits[Int(bits >> UInt32(18 - 6 * index) & 63)]
                text.append(index <= group.count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil unless `text` is what `text(_:)` writes for some bytes.
    package static func bytes(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
            } else {
                guard padding == 0, let value = values[Int(character)] else { return nil }
                bits = bits << 6 | UInt32(value)
                count += 1
                if count % 4 == 0 {
                    for shift: UInt32 in [16, 8, 0] {
                        bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
                    }
                }
            }
        }
        switch (count % 4, padding) {
        case (0, 0): return bytes
        case (2, 2) where bits & 15 == 0: return bytes + [UInt8(truncatingIfNeeded: bits >> 4)]
        case (3, 1) where bits & 3 == 0:
            return bytes
                + [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
        default: return nil
        }
    }
}
