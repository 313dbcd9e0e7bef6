/// A map from identifiers as a sorted list: a node has tens of peers, for which a hash table takes
/// three times the memory and more time.
public struct IdentifierMap<Value: Sendable>: Sendable {
    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline var key: Identifier
        @usableFromInline var value: Value

        @inlinable
        init(key: Identifier, value: Value) {
            self.key = key
            self.value = value
        }
    }

    @usableFromInline var entries: [Entry] = []

    @inlinable public init() {}

    @inlinable public var count: Int { entries.count }
    @inlinable public var isEmpty: Bool { entries.isEmpty }
    /// In order.
    @inlinable public var keys: [Identifier] { entries.map(\.key) }
    /// In order of their keys.
    @inlinable public var values: [Value] { entries.map(\.value) }

    @inlinable
    func place(of key: Identifier) -> (index: Int, isFound: Bool) {
        let index = entries.partitioningIndex { $0.key >= key }
        return (index, index < entries.count && entries[index].key == key)
    }

    @inlinable
    public subscript(key: Identifier) -> Value? {
        get {
            let place = place(of: key)
            return place.isFound ? entries[place.index].value : nil
        }
        set {
            let place = place(of: key)
            guard let newValue else {
                if place.isFound { entries.remove(at: place.index) }
                return
            }
            if place.isFound {
                entries[place.index].value = newValue
            } else {
                // A step of eight instead of twice as much.
                if entries.count == entries.capacity { entries.reserveCapacity(entries.count + 8) }
                entries.insert(Entry(key: key, value: newValue), at: place.index)
            }
        }
    }

    /// The least pair by an order of them.
    @inlinable
    public func least(
        by precedes: ((key: Identifier, value: Value), (key: Identifier, value: Value)) -> Bool
    ) -> (key: Identifier, value: Value)? {
        var best: (key: Identifier, value: Value)?
        for entry in entries {
            let pair = (key: entry.key, value: entry.value)
            if best.map({ precedes(pair, $0) }) ?? true { best = pair }
        }
        return best
    }
}
