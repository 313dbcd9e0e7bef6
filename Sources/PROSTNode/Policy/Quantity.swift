package import SansIO

/// Numbers as operators read and write them (`Spec/policy.md` §3): `200k`, `2.5M`, `16MiB`.
package enum Quantity {
    package enum Malformed: Error, Hashable, Sendable {
        case empty
        case negative
        case notANumber
        case fraction
        case unknownUnit(String)
        case overflow
    }

    private static let decimal: [(String, UInt64)] = [
        ("k", 1000), ("M", 1_000_000), ("G", 1_000_000_000), ("T", 1_000_000_000_000),
    ]
    private static let binary: [(String, UInt64)] = [
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]
    private static let decimalBytes: [(String, UInt64)] = [
        ("kB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
    ]
    private static let times: [(String, UInt64)] = [
        ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("min", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// A count with an optional `k`, `M`, `G` or `T`.
    package static func parseCount(_ text: some StringProtocol) throws(Malformed) -> UInt64 {
        try parse(text, units: [("", 1)] + decimal)
    }

    /// A count followed by `/s`.
    package static func parseRate(_ text: some StringProtocol) throws(Malformed) -> UInt64 {
        guard text.hasSuffix("/s") else {
            _ = try parseCount(text)
            throw .unknownUnit("")
        }
        return try parseCount(text.dropLast(2))
    }

    /// Bytes with an optional `B`, `KiB` to `TiB` or `kB` to `TB`.
    package static func parseBytes(_ text: some StringProtocol) throws(Malformed) -> UInt64 {
        try parse(text, units: [("", 1), ("B", 1)] + binary + decimalBytes)
    }

    /// Nanoseconds; a unit from `ns` to `d` is required.
    package static func parseDuration(_ text: some StringProtocol) throws(Malformed) -> UInt64 {
        try parse(text, units: times)
    }

    private static func parse(
        _ text: some StringProtocol,
        units: [(String, UInt64)]
    ) throws(Malformed) -> UInt64 {
        guard let first = text.first else { throw .empty }
        if first == "-" { throw .negative }
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
        guard !number.isEmpty else { throw .notANumber }
        var name = String(text.dropFirst(number.count))
        if name.first == " " { name.removeFirst() }
        guard let unit = units.first(where: { $0.0 == name })?.1 else {
            throw .unknownUnit(name)
        }
        let parts = number.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first else { throw .notANumber }
        let (scaled, overflow) = try digits(whole).multipliedReportingOverflow(by: unit)
        guard !overflow else { throw .overflow }
        guard parts.count == 2 else { return scaled }
        let (sum, tooMuch) = scaled.addingReportingOverflow(try fraction(parts[1], of: unit))
        guard !tooMuch else { throw .overflow }
        return sum
    }

    private static func digits(_ text: some StringProtocol) throws(Malformed) -> UInt64 {
        let plain = String(text.filter { $0 != "_" })
        guard !plain.isEmpty else { throw .notANumber }
        guard let value = UInt64(plain) else { throw .overflow }
        return value
    }

    /// The part after the point, exact or refused: `1.5k` is 1500, `1.5` is an error.
    private static func fraction(
        _ text: some StringProtocol,
        of unit: UInt64
    ) throws(Malformed) -> UInt64 {
        guard text.count <= 12 else { throw .fraction }
        let value = try digits(text)
        let divisor = (0..<text.filter { $0 != "_" }.count)
            .reduce(UInt64(1)) { power, _ in power &* 10 }
        let (high, low) = value.multipliedFullWidth(by: unit)
        let (quotient, remainder) = divisor.dividingFullWidth((high, low))
        guard remainder == 0 else { throw .fraction }
        return quotient
    }

    /// Three significant digits with a decimal unit: `2.41M`.
    package static func count(_ value: UInt64) -> String {
        guard value >= 10_000, let unit = decimal.last(where: { value >= $0.1 }) else {
            return String(value)
        }
        return scaled(value, unit)
    }

    /// Three significant digits with a binary unit: `16MiB`.
    package static func bytes(_ value: UInt64) -> String {
        guard let unit = binary.last(where: { value >= $0.1 }) else { return "\(value)B" }
        return scaled(value, unit)
    }

    /// Whole seconds, or milliseconds below one: `12s`, `250ms`.
    package static func seconds(_ span: TimeSpan) -> String {
        let milliseconds = span.milliseconds
        return milliseconds < 1000 ? "\(milliseconds)ms" : "\(milliseconds / 1000)s"
    }

    private static func scaled(_ value: UInt64, _ unit: (String, UInt64)) -> String {
        let whole = value / unit.1
        let places: UInt64 = whole >= 100 ? 1 : whole >= 10 ? 10 : 100
        let (high, low) = (value % unit.1).multipliedFullWidth(by: places)
        let part = unit.1.dividingFullWidth((high, low)).quotient
        guard part > 0 else { return "\(whole)\(unit.0)" }
        var digits = String(part + places).dropFirst()
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)\(unit.0)"
    }
}
