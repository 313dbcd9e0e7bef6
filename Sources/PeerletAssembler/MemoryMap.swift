/// Where everything lies in linear memory, and which procedures the table holds.
struct MemoryMap: Sendable {
    enum Place: Hashable, Sendable {
        /// Index of a `data` or `bss` definition.
        case data(Int)
        case string([UInt8])
        /// SHA-256 of the name.
        case identifier([UInt8])
        case inbox, inboxSize, heapStart

        init?(fixedName: String) {
            switch fixedName {
            case "inbox": self = .inbox
            case "inbox_size": self = .inboxSize
            case "heap_start": self = .heapStart
            default: return nil
            }
        }
    }

    var addresses: [Place: UInt64] = [:]
    /// Names of procedures in the order of the table.
    var table: [String] = []
    var tableIndices: [String: Int] = [:]

    /// 16 for what is not in the image because nothing reachable uses it.
    func address(of place: Place) -> UInt64 { addresses[place] ?? Self.firstAddress }

    func tableIndex(of procedure: String) -> Int? { tableIndices[procedure] }

    /// Addresses below are never used, so that 0 can mean "none".
    static let firstAddress: UInt64 = 16
}
