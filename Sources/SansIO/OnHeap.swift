/// A value that is rarely there, on the heap: those who have none need one word for it.
@propertyWrapper
public struct OnHeap<Value: Sendable>: Sendable {
    private indirect enum Place: Sendable {
        case empty
        case taken(Value)
    }

    private var place = Place.empty

    public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

    public var wrappedValue: Value? {
        get { if case .taken(let value) = place { value } else { nil } }
        set { place = newValue.map { .taken($0) } ?? .empty }
    }
}
