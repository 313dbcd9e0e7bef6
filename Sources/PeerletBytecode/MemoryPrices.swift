/// What access to memory costs beside the table's prices (`Spec/isa/fuel.md` §3).
package struct MemoryPrices: Hashable, Sendable {
    /// Added to the price of every load, and of every store.
    package let load: UInt32
    package let store: UInt32

    /// For the first write of an activation to a page that it did not add itself.
    package static let firstWrite: UInt64 = 1024

    /// By the most pages that the program declares: large memories miss the caches.
    package init(maximumPages: UInt32) {
        (load, store) =
            switch maximumPages {
            case ...16: (0, 0)
            case ...128: (6, 2)
            case ...512: (16, 4)
            case ...4096: (70, 16)
            default: (150, 30)
            }
    }

    /// Added to the price of this instruction.
    package func surcharge(_ opcode: Opcode) -> UInt32 {
        switch opcode {
        case .load8U, .load8S, .load16U, .load16S, .load32U, .load32S, .load64: load
        case .store8, .store16, .store32, .store64: store
        default: 0
        }
    }
}
