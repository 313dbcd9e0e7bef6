internal import PROSTNode
package import StrictYAML
internal import Suggestions

/// One thing that an experiment may set or sweep (`Spec/simulator.md` §5).
package struct Parameter: Sendable {
    package enum Kind: Hashable, Sendable {
        case count(ClosedRange<UInt64>)
        /// Length of time, in nanoseconds.
        case duration
        /// `0.5%` or `0.005`, kept in millionths, at most one.
        case fraction
        /// A number with up to three decimals, kept in thousandths.
        case decimal(ClosedRange<UInt64>)
        case bytes
        case choice([String])
        case file
    }

    package let key: String
    package let kind: Kind
    /// How it would be written in a file; nil if there is none.
    package let standard: String?
    package let help: String

    /// What is wrong with a text as this parameter's value.
    package func problem(in text: String) -> ConfigurationError.Reason? {
        switch kind {
        case .count(let range):
            return Self.check(text, range) { text throws(Quantity.Malformed) in
                try Quantity.parseCount(text)
            }
        case .duration:
            return Self.check(text, 0...UInt64.max, "write 250ms, 10s, 5min, 1h or 2d") {
                text throws(Quantity.Malformed) in try Quantity.parseDuration(text)
            }
        case .bytes:
            return Self.check(text, 0...UInt64.max, "write 4096, 64KiB or 16MiB") {
                text throws(Quantity.Malformed) in try Quantity.parseBytes(text)
            }
        case .fraction:
            return Decimal.millionths(text) == nil
                ? .wrongType(expected: "a fraction; write 0.5% or 0.005", found: text) : nil
        case .decimal(let range):
            guard let value = Decimal.thousandths(text) else {
                return .wrongType(expected: "a number with up to three decimals", found: text)
            }
            return range.contains(value)
                ? nil
                : .outOfRange(
                    value: text,
                    least: Decimal.text(thousandths: range.lowerBound),
                    most: Decimal.text(thousandths: range.upperBound)
                )
        case .choice(let names):
            return names.contains(text)
                ? nil
                : .unknownValue(
                    text,
                    allowed: names.joined(separator: ", "),
                    suggestion: Suggestion.nearest(to: text, among: names)
                )
        case .file: return nil
        }
    }

    private static func check(
        _ text: String,
        _ range: ClosedRange<UInt64>,
        _ expected: String = "write 200, 200k or 2M",
        _ parse: (String) throws(Quantity.Malformed) -> UInt64
    ) -> ConfigurationError.Reason? {
        do throws(Quantity.Malformed) {
            let value = try parse(text)
            return range.contains(value)
                ? nil
                : .outOfRange(
                    value: text,
                    least: "\(range.lowerBound)",
                    most: "\(range.upperBound)"
                )
        } catch {
            return StrictYAML.reason(error, text, expected)
        }
    }
}

/// Decimal numbers without floating point.
package enum Decimal {
    /// `0.5%` is 5000, `0.25` is 250,000; nil above one or with more than six decimals.
    package static func millionths(_ text: String) -> UInt64? {
        let isPercent = text.hasSuffix("%")
        let number = isPercent ? String(text.dropLast()) : text
        guard let value = scaled(number, decimals: isPercent ? 4 : 6), value <= 1_000_000 else {
            return nil
        }
        return value
    }

    package static func thousandths(_ text: String) -> UInt64? { scaled(text, decimals: 3) }

    package static func text(thousandths value: UInt64) -> String {
        let rest = String(value % 1000 + 1000).dropFirst()
        let digits = rest.reversed().drop { $0 == "0" }.reversed()
        return digits.isEmpty ? "\(value / 1000)" : "\(value / 1000).\(String(digits))"
    }

    private static func scaled(_ text: String, decimals: Int) -> UInt64? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), !parts[0].isEmpty, text.count <= 16,
            parts.allSatisfy({ $0.allSatisfy { $0.isASCII && $0.isNumber } })
        else { return nil }
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        guard fraction.count <= decimals, parts.count == 1 || !fraction.isEmpty else { return nil }
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return UInt64(parts[0] + fraction + zeros)
    }
}
