/// What lies at an address.
indirect enum MemoryType: Sendable, Equatable {
    case scalar(Scalar)
    /// Index of the definition.
    case structure(Int)
    case array(MemoryType, count: UInt64)

    static let bytes = MemoryType.scalar(.u8)

    /// An array stands for its first element.
    var decayed: MemoryType {
        if case .array(let element, _) = self { return element }
        return self
    }
}

/// Offsets of a struct's fields.
struct StructLayout: Sendable {
    struct Field: Sendable {
        let name: String
        let offset: UInt64
        let type: MemoryType
    }

    var fields: [Field] = []
    var size: UInt64 = 0

    func field(named name: String) -> Field? { fields.first { $0.name == name } }
}
