package import KBR

/// Ring positions of store keys (`Spec/abi.md` §6.1).
package enum StoreKeys {
    /// The first 32 bytes of a key, filled with zeros on the right.
    package static func position(of key: [UInt8]) -> Identifier {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        for (index, byte) in key.prefix(Identifier.byteCount).enumerated() {
            let bits = UInt64(byte) << UInt64(56 - 8 * (index % 8))
            switch index / 8 {
            case 0: words.0 |= bits
            case 1: words.1 |= bits
            case 2: words.2 |= bits
            default: words.3 |= bits
            }
        }
        return Identifier(words: words)
    }

    /// A bound that lies after every key at or before `position` and before all others.
    package static func bound(past position: Identifier) -> [UInt8] {
        position.bytes + [UInt8](repeating: 0xFF, count: 64) + [0]
    }

    /// A bound after every key.
    package static let end = [UInt8](repeating: 0xFF, count: 98)

    package static func isBefore(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.lexicographicallyPrecedes(right)
    }
}

/// A run of keys strictly between two bounds, in byte order.
package struct KeySpan: Hashable, Sendable {
    package var lower: [UInt8]
    package var upper: [UInt8]

    package init(lower: [UInt8], upper: [UInt8]) {
        self.lower = lower
        self.upper = upper
    }

    package static let everything = KeySpan(lower: [], upper: StoreKeys.end)

    package func contains(_ key: [UInt8]) -> Bool {
        StoreKeys.isBefore(lower, key) && StoreKeys.isBefore(key, upper)
    }

    /// The keys whose position lies in `arc`: one run, or two where the arc passes zero, in
    /// clockwise order.
    package static func spans(of arc: RingInterval) -> [KeySpan] {
        let lower = StoreKeys.bound(past: arc.lower)
        let upper = StoreKeys.bound(past: arc.upper)
        if arc.lower < arc.upper { return [KeySpan(lower: lower, upper: upper)] }
        return [
            KeySpan(lower: lower, upper: StoreKeys.end), KeySpan(lower: [], upper: upper),
        ]
    }
}
