internal import PeerletBytecode

/// A comparison as bytecode has it, to be brought to one of the six that there are handlers for.
struct BytecodeComparison {
    enum Kind { case equal, notEqual, less, notGreater, greater, notLess }

    var kind: Kind
    var isSigned = true
    /// On the low 32 bits.
    var isWord = false
    /// With zero: one operand.
    var isTest = false

    init(_ opcode: Opcode) {
        switch opcode {
        case .eqz: self.init(.equal, isTest: true)
        case .eqz32: self.init(.equal, isWord: true, isTest: true)
        case .eq: self.init(.equal)
        case .ne: self.init(.notEqual)
        case .ltS: self.init(.less)
        case .ltU: self.init(.less, isSigned: false)
        case .gtS: self.init(.greater)
        case .gtU: self.init(.greater, isSigned: false)
        case .leS: self.init(.notGreater)
        case .leU: self.init(.notGreater, isSigned: false)
        case .geS: self.init(.notLess)
        case .geU: self.init(.notLess, isSigned: false)
        case .eq32: self.init(.equal, isWord: true)
        case .ne32: self.init(.notEqual, isWord: true)
        case .ltS32: self.init(.less, isWord: true)
        case .ltU32: self.init(.less, isSigned: false, isWord: true)
        case .gtS32: self.init(.greater, isWord: true)
        case .gtU32: self.init(.greater, isSigned: false, isWord: true)
        case .leS32: self.init(.notGreater, isWord: true)
        case .leU32: self.init(.notGreater, isSigned: false, isWord: true)
        case .geS32: self.init(.notLess, isWord: true)
        default: self.init(.notLess, isSigned: false, isWord: true)
        }
    }

    init(_ kind: Kind, isSigned: Bool = true, isWord: Bool = false, isTest: Bool = false) {
        self.kind = kind
        self.isSigned = isSigned
        self.isWord = isWord
        self.isTest = isTest
    }

    /// The same with its operands exchanged.
    mutating func exchange() {
        switch kind {
        case .less: kind = .greater
        case .greater: kind = .less
        case .notLess: kind = .notGreater
        case .notGreater: kind = .notLess
        case .equal, .notEqual: break
        }
    }

    mutating func negate() {
        switch kind {
        case .equal: kind = .notEqual
        case .notEqual: kind = .equal
        case .less: kind = .notLess
        case .notLess: kind = .less
        case .greater: kind = .notGreater
        case .notGreater: kind = .greater
        }
    }

    /// Brings `> k` and `<= k` to `>= k + 1` and `< k + 1`, and gives the immediate; nil if that
    /// does not fit.
    mutating func immediate(_ value: Int64) -> Int32? {
        let short = isWord ? Int32(truncatingIfNeeded: value) : Int32(exactly: value)
        guard let short else { return nil }
        guard kind == .greater || kind == .notGreater else { return short }
        guard short != (isSigned || !isWord ? Int32.max : -1), isSigned || short != -1 else {
            return nil
        }
        kind = kind == .greater ? .notLess : .less
        return short &+ 1
    }

    /// One of the six; the others need their operands exchanged before.
    var comparison: Comparison? {
        switch kind {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: isSigned ? .lessSigned : .less
        case .notLess: isSigned ? .notLessSigned : .notLess
        case .greater, .notGreater: nil
        }
    }

    func handlers(_ comparison: Comparison) -> ConditionHandlers {
        comparison.handlers(isWord: isWord)
    }
}
