internal import PROSTNode
package import SansIO

/// Valid values of all parameters, as texts by key.
package struct ParameterValues: Hashable, Sendable {
    /// Only what differs from the standard.
    package private(set) var texts: [String: String] = [:]

    package init() {}

    /// The text must have no `problem`.
    package mutating func set(_ key: String, _ text: String) { texts[key] = text }

    package func text(_ key: String) -> String? {
        texts[key] ?? ParameterTable.named(key)?.standard
    }

    package func isSet(_ key: String) -> Bool { texts[key] != nil }

    package func count(_ key: String) -> UInt64 {
        text(key).flatMap { try? Quantity.parseCount($0) } ?? 0
    }

    package func int(_ key: String) -> Int { Int(clamping: count(key)) }

    package func duration(_ key: String) -> TimeSpan {
        TimeSpan(nanoseconds: text(key).flatMap { try? Quantity.parseDuration($0) } ?? 0)
    }

    package func bytes(_ key: String) -> UInt64 {
        text(key).flatMap { try? Quantity.parseBytes($0) } ?? 0
    }

    /// In millionths.
    package func fraction(_ key: String) -> UInt64 {
        text(key).flatMap(Decimal.millionths) ?? 0
    }

    /// In thousandths.
    package func decimal(_ key: String) -> UInt64 {
        text(key).flatMap(Decimal.thousandths) ?? 0
    }

    /// All that differs from the standard, by key, as `key=value`.
    package var description: String {
        texts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}
