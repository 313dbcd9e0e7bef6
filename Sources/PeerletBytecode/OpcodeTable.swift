/// What follows an opcode in the code.
package enum OperandFormat: Sendable, Equatable {
    case none
    /// One byte.
    case trapCode
    /// Signed LEB128.
    case constant
    /// Unsigned LEB128 index.
    case local, global, function, hostImport
    /// Unsigned LEB128, added to the address.
    case offset
    /// Unsigned LEB128 offset of an instruction from the start of the function's code.
    case target
    /// Count, that many targets, then the default target.
    case targets
    /// Parameter count and result count of the function called, one byte each.
    case signature
}

/// What the tools need to know about one instruction; semantics are in the interpreters.
package struct OpcodeInfo: Sendable {
    package let opcode: Opcode
    package let mnemonic: String
    package let operand: OperandFormat
    /// Cells taken from and put on the stack; calls and `return` add those of the signature.
    package let pops: Int
    package let pushes: Int
    /// Fuel by price table 1; the base of a bulk operation; host calls have prices of their own.
    package let price: UInt32
    /// A bulk operation costs one fuel more for every so many bytes begun; zero for all others.
    package let bytesPerFuel: UInt64
    /// Meaning, with a the deepest operand popped, then b, then c.
    package let meaning: String

    /// A bulk operation is a block of its own (`Spec/isa/execution.md` §5).
    package var isBulk: Bool { bytesPerFuel != 0 }

    /// Control never goes on to the next instruction.
    package var endsPath: Bool {
        switch opcode {
        case .trap, .br, .brTable, .ret: true
        default: false
        }
    }

    /// The next instruction begins a block.
    package var endsBlock: Bool {
        switch opcode {
        case .trap, .br, .brIf, .brIfZero, .brTable, .ret, .call, .callIndirect, .host: true
        default: isBulk
        }
    }

    /// Price of a bulk operation on so many bytes; saturates, and so cannot be paid.
    package func fuel(bytes: UInt64) -> UInt64 {
        guard isBulk else { return UInt64(price) }
        let begun = bytes / bytesPerFuel + (bytes % bytesPerFuel == 0 ? 0 : 1)
        let (sum, overflow) = UInt64(price).addingReportingOverflow(begun)
        return overflow ? .max : sum
    }
}

/// The one table of the instruction set: encoder, decoder, verifier, assembler, disassembler and
/// the specification's tables come from it or are tested against it.
package enum OpcodeTable {
    package static let priceVersion: UInt16 = 1

    package static func info(_ opcode: Opcode) -> OpcodeInfo {
        byNumber[Int(opcode.rawValue)] ?? rows[0]
    }

    /// The same as in `info`, without its texts.
    package static func operand(_ opcode: Opcode) -> OperandFormat {
        formats[Int(opcode.rawValue)]
    }

    private static let formats = byNumber.map { $0?.operand ?? .none }

    package static func opcode(mnemonic: String) -> Opcode? { byMnemonic[mnemonic] }

    private static let byNumber: [OpcodeInfo?] = {
        var table = [OpcodeInfo?](repeating: nil, count: 256)
        for row in rows { table[Int(row.opcode.rawValue)] = row }
        return table
    }()

    private static let byMnemonic = Dictionary(
        uniqueKeysWithValues: rows.map { ($0.mnemonic, $0.opcode) }
    )

    private static func row(
        _ opcode: Opcode,
        _ mnemonic: String,
        _ operand: OperandFormat,
        _ pops: Int,
        _ pushes: Int,
        _ price: UInt32,
        _ meaning: String,
        bytesPerFuel: UInt64 = 0
    ) -> OpcodeInfo {
        OpcodeInfo(
            opcode: opcode,
            mnemonic: mnemonic,
            operand: operand,
            pops: pops,
            pushes: pushes,
            price: price,
            bytesPerFuel: bytesPerFuel,
            meaning: meaning
        )
    }

    package static let rows: [OpcodeInfo] = [
        row(.trap, "trap", .trapCode, 0, 0, 1, "stop with the peerlet's own trap code"),
        row(.nop, "nop", .none, 0, 0, 1, "nothing"),
        row(.br, "br", .target, 0, 0, 1, "pc := target"),
        row(.brIf, "br_if", .target, 1, 0, 2, "if a != 0 then pc := target"),
        row(.brIfZero, "br_ifz", .target, 1, 0, 2, "if a == 0 then pc := target"),
        row(.brTable, "br_table", .targets, 1, 0, 16, "pc := a < count ? targets[a] : default"),
        row(.ret, "return", .none, 0, 0, 2, "leave the function with its results"),
        row(.call, "call", .function, 0, 0, 4, "call a function of this program"),
        row(
            .callIndirect,
            "call_indirect",
            .signature,
            1,
            0,
            12,
            "call table[a], whose signature must be the given one"
        ),
        row(
            .host,
            "host",
            .hostImport,
            0,
            1,
            0,
            "call an imported host function; priced by the host ABI"
        ),
        row(.drop, "drop", .none, 1, 0, 1, "discard a"),
        row(.dup, "dup", .none, 1, 2, 1, "push a twice"),
        row(.swap, "swap", .none, 2, 2, 1, "exchange a and b"),
        row(.over, "over", .none, 2, 3, 1, "push a copy of a, the lower of two"),
        row(.select, "select", .none, 3, 1, 1, "c != 0 ? a : b"),
        row(.const, "const", .constant, 0, 1, 1, "push the constant"),
        row(.localGet, "local.get", .local, 0, 1, 1, "push a local"),
        row(.localSet, "local.set", .local, 1, 0, 1, "local := a"),
        row(.localTee, "local.tee", .local, 1, 1, 1, "local := a, a stays"),
        row(.globalGet, "global.get", .global, 0, 1, 1, "push a global"),
        row(.globalSet, "global.set", .global, 1, 0, 1, "global := a"),
        row(.add, "add", .none, 2, 1, 1, "a + b modulo 2^64"),
        row(.sub, "sub", .none, 2, 1, 1, "a - b modulo 2^64"),
        row(.mul, "mul", .none, 2, 1, 2, "a * b modulo 2^64"),
        row(
            .divS,
            "div_s",
            .none,
            2,
            1,
            8,
            "signed quotient towards zero; traps on zero and on overflow"
        ),
        row(.divU, "div_u", .none, 2, 1, 8, "unsigned quotient; traps on zero"),
        row(
            .remS,
            "rem_s",
            .none,
            2,
            1,
            8,
            "signed remainder, sign of a; traps on zero; min rem -1 is 0"
        ),
        row(.remU, "rem_u", .none, 2, 1, 8, "unsigned remainder; traps on zero"),
        row(.and, "and", .none, 2, 1, 1, "bitwise and"),
        row(.or, "or", .none, 2, 1, 1, "bitwise or"),
        row(.xor, "xor", .none, 2, 1, 1, "bitwise exclusive or"),
        row(.shl, "shl", .none, 2, 1, 1, "a shifted left by b modulo 64"),
        row(.shrS, "shr_s", .none, 2, 1, 1, "arithmetic shift right by b modulo 64"),
        row(.shrU, "shr_u", .none, 2, 1, 1, "logical shift right by b modulo 64"),
        row(.rotl, "rotl", .none, 2, 1, 1, "rotate left by b modulo 64"),
        row(.rotr, "rotr", .none, 2, 1, 1, "rotate right by b modulo 64"),
        row(.clz, "clz", .none, 1, 1, 1, "leading zero bits, 64 for zero"),
        row(.ctz, "ctz", .none, 1, 1, 1, "trailing zero bits, 64 for zero"),
        row(.popcnt, "popcnt", .none, 1, 1, 1, "one bits"),
        row(.extend8, "extend8_s", .none, 1, 1, 1, "sign-extend the low 8 bits"),
        row(.extend16, "extend16_s", .none, 1, 1, 1, "sign-extend the low 16 bits"),
        row(.extend32, "extend32_s", .none, 1, 1, 1, "sign-extend the low 32 bits"),
        row(.wrap32, "wrap32", .none, 1, 1, 1, "keep the low 32 bits"),
        row(.eqz, "eqz", .none, 1, 1, 1, "a == 0"),
        row(.eq, "eq", .none, 2, 1, 1, "a == b"),
        row(.ne, "ne", .none, 2, 1, 1, "a != b"),
        row(.ltS, "lt_s", .none, 2, 1, 1, "a < b, signed"),
        row(.ltU, "lt_u", .none, 2, 1, 1, "a < b, unsigned"),
        row(.gtS, "gt_s", .none, 2, 1, 1, "a > b, signed"),
        row(.gtU, "gt_u", .none, 2, 1, 1, "a > b, unsigned"),
        row(.leS, "le_s", .none, 2, 1, 1, "a <= b, signed"),
        row(.leU, "le_u", .none, 2, 1, 1, "a <= b, unsigned"),
        row(.geS, "ge_s", .none, 2, 1, 1, "a >= b, signed"),
        row(.geU, "ge_u", .none, 2, 1, 1, "a >= b, unsigned"),
        row(
            .add32,
            "add32",
            .none,
            2,
            1,
            1,
            "a + b modulo 2^32 (low 32 bits, result zero-extended)"
        ),
        row(
            .sub32,
            "sub32",
            .none,
            2,
            1,
            1,
            "a - b modulo 2^32 (low 32 bits, result zero-extended)"
        ),
        row(
            .mul32,
            "mul32",
            .none,
            2,
            1,
            2,
            "a * b modulo 2^32 (low 32 bits, result zero-extended)"
        ),
        row(
            .divS32,
            "div32_s",
            .none,
            2,
            1,
            8,
            "signed quotient towards zero; traps on zero and on overflow (low 32 bits, result zero-extended)"
        ),
        row(
            .divU32,
            "div32_u",
            .none,
            2,
            1,
            8,
            "unsigned quotient; traps on zero (low 32 bits, result zero-extended)"
        ),
        row(
            .remS32,
            "rem32_s",
            .none,
            2,
            1,
            8,
            "signed remainder, sign of a; traps on zero; min rem -1 is 0 (low 32 bits, result zero-extended)"
        ),
        row(
            .remU32,
            "rem32_u",
            .none,
            2,
            1,
            8,
            "unsigned remainder; traps on zero (low 32 bits, result zero-extended)"
        ),
        row(.and32, "and32", .none, 2, 1, 1, "bitwise and (low 32 bits, result zero-extended)"),
        row(.or32, "or32", .none, 2, 1, 1, "bitwise or (low 32 bits, result zero-extended)"),
        row(
            .xor32,
            "xor32",
            .none,
            2,
            1,
            1,
            "bitwise exclusive or (low 32 bits, result zero-extended)"
        ),
        row(
            .shl32,
            "shl32",
            .none,
            2,
            1,
            1,
            "a shifted left by b modulo 32 (low 32 bits, result zero-extended)"
        ),
        row(
            .shrS32,
            "shr32_s",
            .none,
            2,
            1,
            1,
            "arithmetic shift right by b modulo 32 (low 32 bits, result zero-extended)"
        ),
        row(
            .shrU32,
            "shr32_u",
            .none,
            2,
            1,
            1,
            "logical shift right by b modulo 32 (low 32 bits, result zero-extended)"
        ),
        row(
            .rotl32,
            "rotl32",
            .none,
            2,
            1,
            1,
            "rotate left by b modulo 32 (low 32 bits, result zero-extended)"
        ),
        row(
            .rotr32,
            "rotr32",
            .none,
            2,
            1,
            1,
            "rotate right by b modulo 32 (low 32 bits, result zero-extended)"
        ),
        row(.clz32, "clz32", .none, 1, 1, 1, "leading zero bits of the low 32, 32 for zero"),
        row(.ctz32, "ctz32", .none, 1, 1, 1, "trailing zero bits of the low 32, 32 for zero"),
        row(.popcnt32, "popcnt32", .none, 1, 1, 1, "one bits of the low 32"),
        row(.eqz32, "eqz32", .none, 1, 1, 1, "low 32 bits are zero"),
        row(.eq32, "eq32", .none, 2, 1, 1, "equal low 32 bits"),
        row(.ne32, "ne32", .none, 2, 1, 1, "unequal low 32 bits"),
        row(.ltS32, "lt32_s", .none, 2, 1, 1, "a < b, signed, low 32 bits"),
        row(.ltU32, "lt32_u", .none, 2, 1, 1, "a < b, unsigned, low 32 bits"),
        row(.gtS32, "gt32_s", .none, 2, 1, 1, "a > b, signed, low 32 bits"),
        row(.gtU32, "gt32_u", .none, 2, 1, 1, "a > b, unsigned, low 32 bits"),
        row(.leS32, "le32_s", .none, 2, 1, 1, "a <= b, signed, low 32 bits"),
        row(.leU32, "le32_u", .none, 2, 1, 1, "a <= b, unsigned, low 32 bits"),
        row(.geS32, "ge32_s", .none, 2, 1, 1, "a >= b, signed, low 32 bits"),
        row(.geU32, "ge32_u", .none, 2, 1, 1, "a >= b, unsigned, low 32 bits"),
        row(
            .load8U,
            "load8_u",
            .offset,
            1,
            1,
            5,
            "one byte, zero-extended at a + offset, little-endian"
        ),
        row(
            .load8S,
            "load8_s",
            .offset,
            1,
            1,
            5,
            "one byte, sign-extended at a + offset, little-endian"
        ),
        row(
            .load16U,
            "load16_u",
            .offset,
            1,
            1,
            5,
            "two bytes, zero-extended at a + offset, little-endian"
        ),
        row(
            .load16S,
            "load16_s",
            .offset,
            1,
            1,
            5,
            "two bytes, sign-extended at a + offset, little-endian"
        ),
        row(
            .load32U,
            "load32_u",
            .offset,
            1,
            1,
            5,
            "four bytes, zero-extended at a + offset, little-endian"
        ),
        row(
            .load32S,
            "load32_s",
            .offset,
            1,
            1,
            5,
            "four bytes, sign-extended at a + offset, little-endian"
        ),
        row(.load64, "load64", .offset, 1, 1, 5, "eight bytes at a + offset, little-endian"),
        row(.store8, "store8", .offset, 2, 0, 4, "low byte of b to a + offset, little-endian"),
        row(
            .store16,
            "store16",
            .offset,
            2,
            0,
            4,
            "low two bytes of b to a + offset, little-endian"
        ),
        row(
            .store32,
            "store32",
            .offset,
            2,
            0,
            4,
            "low four bytes of b to a + offset, little-endian"
        ),
        row(.store64, "store64", .offset, 2, 0, 4, "eight bytes of b to a + offset, little-endian"),
        row(.memorySize, "memory.size", .none, 0, 1, 1, "pages of 4 KiB"),
        row(
            .memoryGrow,
            "memory.grow",
            .none,
            1,
            1,
            500,
            "add a pages; old size, or -1 if the quota forbids it; bulk",
            bytesPerFuel: 16
        ),
        row(
            .memoryCopy,
            "memory.copy",
            .none,
            3,
            0,
            60,
            "copy c bytes from b to a; regions may overlap; bulk",
            bytesPerFuel: 16
        ),
        row(
            .memoryFill,
            "memory.fill",
            .none,
            3,
            0,
            60,
            "set c bytes at a to the low byte of b; bulk",
            bytesPerFuel: 16
        ),
    ]
}
