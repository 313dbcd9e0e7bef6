internal import SansIO
internal import StrictYAML
internal import Suggestions

/// What an experiment is expected to show: `METRIC OP NUMBER [when PARAMETER OP VALUE]`.
package struct Expectation: Hashable, Sendable {
    package enum Comparison: String, CaseIterable, Sendable {
        case atLeast = ">="
        case atMost = "<="
        case equal = "=="
        case more = ">"
        case less = "<"

        func holds(_ left: Double, _ right: Double) -> Bool {
            switch self {
            case .atLeast: left >= right
            case .atMost: left <= right
            case .equal: left == right
            case .more: left > right
            case .less: left < right
            }
        }
    }

    package struct Condition: Hashable, Sendable {
        var key: String
        var comparison: Comparison
        var value: String
    }

    package let text: String
    package let line: Int
    let metric: String
    let comparison: Comparison
    let limit: Double
    let condition: Condition?

    /// A mistake is returned as its message.
    package static func parse(_ text: String, line: Int) -> (Expectation?, String?) {
        let words = text.split(separator: " ").map(String.init)
        guard words.count == 3 || (words.count == 7 && words[3] == "when") else {
            return (nil, "write METRIC >= NUMBER, or METRIC >= NUMBER when PARAMETER >= VALUE")
        }
        guard Metric.names.contains(words[0]) else {
            let near = Suggestion.nearest(to: words[0], among: Metric.names)
            let hint = near.map { "; did you mean \($0)?" } ?? ""
            return (nil, "unknown metric \(words[0])\(hint)")
        }
        guard let comparison = Comparison(rawValue: words[1]) else {
            return (nil, "unknown comparison \(words[1]); write >=, <=, ==, > or <")
        }
        guard let limit = number(words[2]) else { return (nil, "\(words[2]) is not a number") }
        var condition: Condition?
        if words.count == 7 {
            guard let parameter = ParameterTable.named(words[4]) else {
                let near = Suggestion.nearest(to: words[4], among: ParameterTable.keys)
                let hint = near.map { "; did you mean \($0)?" } ?? ""
                return (nil, "unknown parameter \(words[4])\(hint)")
            }
            guard let comparison = Comparison(rawValue: words[5]) else {
                return (nil, "unknown comparison \(words[5]); write >=, <=, ==, > or <")
            }
            guard parameter.problem(in: words[6]) == nil else {
                return (nil, "\(words[6]) is no value of \(words[4])")
            }
            condition = Condition(key: words[4], comparison: comparison, value: words[6])
        }
        return (
            Expectation(
                text: text,
                line: line,
                metric: words[0],
                comparison: comparison,
                limit: limit,
                condition: condition
            ), nil
        )
    }

    private static func number(_ text: String) -> Double? {
        if text.hasSuffix("%") { return Double(text.dropLast()).map { $0 / 100 } }
        return Double(text)
    }

    /// Whether it speaks about a run with these values.
    package func applies(to values: ParameterValues) -> Bool {
        guard let condition else { return true }
        let own = Self.magnitude(values.text(condition.key) ?? "", condition.key)
        let other = Self.magnitude(condition.value, condition.key)
        guard let own, let other else { return values.text(condition.key) == condition.value }
        return condition.comparison.holds(own, other)
    }

    private static func magnitude(_ text: String, _ key: String) -> Double? {
        var values = ParameterValues()
        values.set(key, text)
        switch ParameterTable.named(key)?.kind {
        case .count: return Double(values.count(key))
        case .duration: return Double(values.duration(key).nanoseconds)
        case .bytes: return Double(values.bytes(key))
        case .fraction: return Double(values.fraction(key))
        case .decimal: return Double(values.decimal(key))
        case .choice, .file, nil: return nil
        }
    }

    package func holds(for result: RunResult) -> Bool {
        result.metrics[metric].map { comparison.holds($0, limit) } ?? false
    }

    package func found(in result: RunResult) -> String {
        result.metrics[metric].map { "\(metric) = \(NumberText.short($0))" } ?? "no \(metric)"
    }
}
