/// Why bytes could not be decoded: what was being read, where, and what was wrong.
package struct WireError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case truncated(needed: Int, available: Int)
        case tooLarge(value: UInt64, limit: UInt64)
        case invalid(String)
        case notCanonical(String)
        case trailingBytes(Int)
    }

    /// The field being decoded, as the specification names it.
    package let field: String
    /// Byte offset from the start of the decoded unit.
    package let offset: Int
    package let reason: Reason

    package init(field: String, offset: Int, reason: Reason) {
        self.field = field
        self.offset = offset
        self.reason = reason
    }

    package var description: String {
        let what =
            switch reason {
            case .truncated(let needed, let available):
                "needs \(needed) bytes, \(available) left"
            case .tooLarge(let value, let limit): "\(value) is over the limit of \(limit)"
            case .invalid(let why): why
            case .notCanonical(let why): "not canonical: \(why)"
            case .trailingBytes(let count): "\(count) bytes follow the end"
            }
        return "\(field) at byte \(offset): \(what)"
    }
}
