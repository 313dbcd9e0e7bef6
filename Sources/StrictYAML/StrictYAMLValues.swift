package import Cryptography
package import PROSTNode
internal import Suggestions
internal import Wire

/// Numbers with units, choices and sizes, each with its range.
extension StrictYAML {
    /// A figure in the limit's own unit, within what a limit may be.
    package mutating func limit(_ limit: Limit, _ entry: Entry?) -> Ruled<UInt64>? {
        guard let entry, let value = figure(entry, limit.unit) else { return nil }
        guard (limit.floor...limit.ceiling).contains(value) else {
            report(
                entry,
                .outOfRange(
                    value: limit.text(value),
                    least: limit.text(limit.floor),
                    most: limit.text(limit.ceiling)
                )
            )
            return nil
        }
        return Ruled(value, origin(entry))
    }

    /// A count, rate or number of bytes of at least `least`.
    package mutating func figure(_ entry: Entry?, _ unit: Limit.Unit, least: UInt64 = 0) -> UInt64?
    {
        guard let entry, let text = text(entry) else { return nil }
        do throws(Quantity.Malformed) {
            let value =
                switch unit {
                case .count: try Quantity.parseCount(text)
                case .rate: try Quantity.parseRate(text)
                case .bytes: try Quantity.parseBytes(text)
                }
            if value >= least { return value }
            report(entry, .invalid("\(value) is less than \(least)"))
        } catch {
            report(entry, Self.reason(error, text, Self.units(unit)))
        }
        return nil
    }

    /// Nanoseconds.
    package mutating func duration(_ entry: Entry?) -> UInt64? {
        guard let entry, let text = text(entry) else { return nil }
        do throws(Quantity.Malformed) {
            return try Quantity.parseDuration(text)
        } catch {
            report(entry, Self.reason(error, text, "write 250ms, 10s, 5min, 1h or 2d"))
        }
        return nil
    }

    /// A plain number in a range.
    package mutating func number(_ entry: Entry?, _ range: ClosedRange<UInt64>) -> UInt64? {
        guard let entry, let value = figure(entry, .count) else { return nil }
        guard range.contains(value) else {
            report(
                entry,
                .outOfRange(
                    value: "\(value)",
                    least: "\(range.lowerBound)",
                    most: "\(range.upperBound)"
                )
            )
            return nil
        }
        return value
    }

    /// One of the cases of a choice.
    package mutating func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ entry: Entry?,
        _: Choice.Type
    ) -> Choice? {
        guard let entry, let text = text(entry) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let names = Choice.allCases.map(\.rawValue)
        report(
            entry,
            .unknownValue(
                text,
                allowed: names.joined(separator: ", "),
                suggestion: Suggestion.nearest(to: text, among: names)
            )
        )
        return nil
    }

    /// A key as minisign writes it, or its digits.
    package mutating func publicKey(_ entry: Entry?) -> PublicKey? {
        guard let entry, let text = text(entry) else { return nil }
        let key =
            if let raw = Hexadecimal.bytes(text) { PublicKey(raw: raw) } else {
                try? MinisignPublicKey(file: Array(text.utf8)).key
            }
        if key == nil {
            report(
                entry,
                .invalid("not a public key; write minisign's RW… line or 64 hexadecimal digits")
            )
        }
        return key
    }

    private static func units(_ unit: Limit.Unit) -> String {
        switch unit {
        case .count: "write 200, 200k, 2M or 2G"
        case .rate: "write 200/s, 200k/s or 2M/s"
        case .bytes: "write 4096, 64KiB, 16MiB or 2GiB"
        }
    }

    /// What a malformed number is called; `expected` says how it is written.
    package static func reason(
        _ error: Quantity.Malformed,
        _ text: String,
        _ expected: String
    ) -> ConfigurationError.Reason {
        switch error {
        case .empty: .noValue
        case .negative: .negative
        case .notANumber:
            .wrongType(expected: "a number; \(expected)", found: String(text.prefix(32)))
        case .fraction: .invalid("\(text.prefix(32)) is not a whole number")
        case .unknownUnit(let unit): .unknownUnit(String(unit.prefix(16)), expected: expected)
        case .overflow: .overflow
        }
    }
}
