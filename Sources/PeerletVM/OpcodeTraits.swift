internal import PeerletBytecode

/// What verifier and translator ask of every instruction: numbers of `OpcodeTable`, without its
/// texts, which would be retained and released each time.
struct OpcodeTraits {
    let operand: OperandFormat
    let pops: Int
    let pushes: Int
    let price: UInt32
    let endsPath: Bool
    let endsBlock: Bool
    /// A block of its own, which takes its own price.
    let isOwnBlock: Bool

    private init(_ info: OpcodeInfo) {
        operand = info.operand
        pops = info.pops
        pushes = info.pushes
        price = info.price
        endsPath = info.endsPath
        endsBlock = info.endsBlock
        isOwnBlock = info.opcode == .host || info.isBulk
    }

    private static let table: [OpcodeTraits] = {
        let filler = OpcodeTraits(OpcodeTable.info(.nop))
        var table = [OpcodeTraits](repeating: filler, count: 256)
        for row in OpcodeTable.rows { table[Int(row.opcode.rawValue)] = OpcodeTraits(row) }
        return table
    }()

    static func of(_ opcode: Opcode) -> OpcodeTraits { table[Int(opcode.rawValue)] }
}

extension Opcode {
    var traits: OpcodeTraits { OpcodeTraits.of(self) }
}
