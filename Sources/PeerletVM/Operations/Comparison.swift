/// The comparisons that are left when operands are exchanged and results negated.
enum Comparison {
    case equal, notEqual, lessSigned, notLessSigned, less, notLess

    /// Holds where this one does not.
    var negation: Comparison {
        switch self {
        case .equal: .notEqual
        case .notEqual: .equal
        case .lessSigned: .notLessSigned
        case .notLessSigned: .lessSigned
        case .less: .notLess
        case .notLess: .less
        }
    }

    var isSymmetric: Bool { self == .equal || self == .notEqual }

    func handlers(isWord: Bool) -> ConditionHandlers {
        switch (self, isWord) {
        case (.equal, false): Self.equalCells
        case (.equal, true): Self.equalWords
        case (.notEqual, false): Self.notEqualCells
        case (.notEqual, true): Self.notEqualWords
        case (.lessSigned, false): Self.lessSignedCells
        case (.lessSigned, true): Self.lessSignedWords
        case (.notLessSigned, false): Self.notLessSignedCells
        case (.notLessSigned, true): Self.notLessSignedWords
        case (.less, false): Self.lessCells
        case (.less, true): Self.lessWords
        case (.notLess, false): Self.notLessCells
        case (.notLess, true): Self.notLessWords
        }
    }

    private static let equalCells = ConditionHandlers(
        ss: Operation { unsafe Equal.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Equal.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Equal.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Equal.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Equal.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe Equal.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe Equal.siV($0, $1, $2, $3, $4, $5) },
        loop: LoopHandlers(
            addI: Operation { unsafe Equal.addI($0, $1, $2, $3, $4, $5) },
            addS: Operation { unsafe Equal.addS($0, $1, $2, $3, $4, $5) },
            jumpI: Operation { unsafe Equal.jumpI($0, $1, $2, $3, $4, $5) },
            jumpS: Operation { unsafe Equal.jumpS($0, $1, $2, $3, $4, $5) },
            countJumpI: Operation { unsafe Equal.countJumpI($0, $1, $2, $3, $4, $5) },
            countJumpS: Operation { unsafe Equal.countJumpS($0, $1, $2, $3, $4, $5) },
            sumJumpI: Operation { unsafe Equal.sumJumpI($0, $1, $2, $3, $4, $5) },
            sumJumpS: Operation { unsafe Equal.sumJumpS($0, $1, $2, $3, $4, $5) }
        )
    )

    private static let notEqualCells = ConditionHandlers(
        ss: Operation { unsafe NotEqual.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe NotEqual.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe NotEqual.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe NotEqual.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe NotEqual.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe NotEqual.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe NotEqual.siV($0, $1, $2, $3, $4, $5) },
        loop: LoopHandlers(
            addI: Operation { unsafe NotEqual.addI($0, $1, $2, $3, $4, $5) },
            addS: Operation { unsafe NotEqual.addS($0, $1, $2, $3, $4, $5) },
            jumpI: Operation { unsafe NotEqual.jumpI($0, $1, $2, $3, $4, $5) },
            jumpS: Operation { unsafe NotEqual.jumpS($0, $1, $2, $3, $4, $5) },
            countJumpI: Operation { unsafe NotEqual.countJumpI($0, $1, $2, $3, $4, $5) },
            countJumpS: Operation { unsafe NotEqual.countJumpS($0, $1, $2, $3, $4, $5) },
            sumJumpI: Operation { unsafe NotEqual.sumJumpI($0, $1, $2, $3, $4, $5) },
            sumJumpS: Operation { unsafe NotEqual.sumJumpS($0, $1, $2, $3, $4, $5) }
        )
    )

    private static let lessSignedCells = ConditionHandlers(
        ss: Operation { unsafe LessSigned.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe LessSigned.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe LessSigned.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe LessSigned.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe LessSigned.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe LessSigned.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe LessSigned.siV($0, $1, $2, $3, $4, $5) },
        loop: LoopHandlers(
            addI: Operation { unsafe LessSigned.addI($0, $1, $2, $3, $4, $5) },
            addS: Operation { unsafe LessSigned.addS($0, $1, $2, $3, $4, $5) },
            jumpI: Operation { unsafe LessSigned.jumpI($0, $1, $2, $3, $4, $5) },
            jumpS: Operation { unsafe LessSigned.jumpS($0, $1, $2, $3, $4, $5) },
            countJumpI: Operation { unsafe LessSigned.countJumpI($0, $1, $2, $3, $4, $5) },
            countJumpS: Operation { unsafe LessSigned.countJumpS($0, $1, $2, $3, $4, $5) },
            sumJumpI: Operation { unsafe LessSigned.sumJumpI($0, $1, $2, $3, $4, $5) },
            sumJumpS: Operation { unsafe LessSigned.sumJumpS($0, $1, $2, $3, $4, $5) }
        )
    )

    private static let notLessSignedCells = ConditionHandlers(
        ss: Operation { unsafe NotLessSigned.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe NotLessSigned.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe NotLessSigned.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe NotLessSigned.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe NotLessSigned.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe NotLessSigned.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe NotLessSigned.siV($0, $1, $2, $3, $4, $5) },
        loop: LoopHandlers(
            addI: Operation { unsafe NotLessSigned.addI($0, $1, $2, $3, $4, $5) },
            addS: Operation { unsafe NotLessSigned.addS($0, $1, $2, $3, $4, $5) },
            jumpI: Operation { unsafe NotLessSigned.jumpI($0, $1, $2, $3, $4, $5) },
            jumpS: Operation { unsafe NotLessSigned.jumpS($0, $1, $2, $3, $4, $5) },
            countJumpI: Operation { unsafe NotLessSigned.countJumpI($0, $1, $2, $3, $4, $5) },
            countJumpS: Operation { unsafe NotLessSigned.countJumpS($0, $1, $2, $3, $4, $5) },
            sumJumpI: Operation { unsafe NotLessSigned.sumJumpI($0, $1, $2, $3, $4, $5) },
            sumJumpS: Operation { unsafe NotLessSigned.sumJumpS($0, $1, $2, $3, $4, $5) }
        )
    )

    private static let lessCells = ConditionHandlers(
        ss: Operation { unsafe Less.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Less.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Less.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Less.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Less.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe Less.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe Less.siV($0, $1, $2, $3, $4, $5) },
        loop: LoopHandlers(
            addI: Operation { unsafe Less.addI($0, $1, $2, $3, $4, $5) },
            addS: Operation { unsafe Less.addS($0, $1, $2, $3, $4, $5) },
            jumpI: Operation { unsafe Less.jumpI($0, $1, $2, $3, $4, $5) },
            jumpS: Operation { unsafe Less.jumpS($0, $1, $2, $3, $4, $5) },
            countJumpI: Operation { unsafe Less.countJumpI($0, $1, $2, $3, $4, $5) },
            countJumpS: Operation { unsafe Less.countJumpS($0, $1, $2, $3, $4, $5) },
            sumJumpI: Operation { unsafe Less.sumJumpI($0, $1, $2, $3, $4, $5) },
            sumJumpS: Operation { unsafe Less.sumJumpS($0, $1, $2, $3, $4, $5) }
        )
    )

    private static let notLessCells = ConditionHandlers(
        ss: Operation { unsafe NotLess.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe NotLess.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe NotLess.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe NotLess.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe NotLess.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe NotLess.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe NotLess.siV($0, $1, $2, $3, $4, $5) },
        loop: LoopHandlers(
            addI: Operation { unsafe NotLess.addI($0, $1, $2, $3, $4, $5) },
            addS: Operation { unsafe NotLess.addS($0, $1, $2, $3, $4, $5) },
            jumpI: Operation { unsafe NotLess.jumpI($0, $1, $2, $3, $4, $5) },
            jumpS: Operation { unsafe NotLess.jumpS($0, $1, $2, $3, $4, $5) },
            countJumpI: Operation { unsafe NotLess.countJumpI($0, $1, $2, $3, $4, $5) },
            countJumpS: Operation { unsafe NotLess.countJumpS($0, $1, $2, $3, $4, $5) },
            sumJumpI: Operation { unsafe NotLess.sumJumpI($0, $1, $2, $3, $4, $5) },
            sumJumpS: Operation { unsafe NotLess.sumJumpS($0, $1, $2, $3, $4, $5) }
        )
    )

    private static let equalWords = ConditionHandlers(
        ss: Operation { unsafe Equal32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Equal32.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Equal32.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Equal32.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Equal32.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe Equal32.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe Equal32.siV($0, $1, $2, $3, $4, $5) }
    )

    private static let notEqualWords = ConditionHandlers(
        ss: Operation { unsafe NotEqual32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe NotEqual32.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe NotEqual32.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe NotEqual32.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe NotEqual32.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe NotEqual32.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe NotEqual32.siV($0, $1, $2, $3, $4, $5) }
    )

    private static let lessSignedWords = ConditionHandlers(
        ss: Operation { unsafe LessSigned32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe LessSigned32.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe LessSigned32.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe LessSigned32.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe LessSigned32.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe LessSigned32.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe LessSigned32.siV($0, $1, $2, $3, $4, $5) }
    )

    private static let notLessSignedWords = ConditionHandlers(
        ss: Operation { unsafe NotLessSigned32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe NotLessSigned32.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe NotLessSigned32.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe NotLessSigned32.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe NotLessSigned32.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe NotLessSigned32.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe NotLessSigned32.siV($0, $1, $2, $3, $4, $5) }
    )

    private static let lessWords = ConditionHandlers(
        ss: Operation { unsafe Less32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe Less32.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe Less32.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe Less32.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe Less32.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe Less32.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe Less32.siV($0, $1, $2, $3, $4, $5) }
    )

    private static let notLessWords = ConditionHandlers(
        ss: Operation { unsafe NotLess32.ss($0, $1, $2, $3, $4, $5) },
        si: Operation { unsafe NotLess32.si($0, $1, $2, $3, $4, $5) },
        xs: Operation { unsafe NotLess32.xs($0, $1, $2, $3, $4, $5) },
        sx: Operation { unsafe NotLess32.sx($0, $1, $2, $3, $4, $5) },
        xi: Operation { unsafe NotLess32.xi($0, $1, $2, $3, $4, $5) },
        ssV: Operation { unsafe NotLess32.ssV($0, $1, $2, $3, $4, $5) },
        siV: Operation { unsafe NotLess32.siV($0, $1, $2, $3, $4, $5) }
    )
}

private enum Equal: Condition {
    @inline(__always)
    static func holds(_ a: UInt64, _ b: UInt64) -> Bool { a == b }
}

private enum NotEqual: Condition {
    @inline(__always)
    static func holds(_ a: UInt64, _ b: UInt64) -> Bool { a != b }
}

private enum LessSigned: Condition {
    @inline(__always)
    static func holds(_ a: UInt64, _ b: UInt64) -> Bool {
        Int64(bitPattern: a) < Int64(bitPattern: b)
    }
}

private enum NotLessSigned: Condition {
    @inline(__always)
    static func holds(_ a: UInt64, _ b: UInt64) -> Bool {
        Int64(bitPattern: a) >= Int64(bitPattern: b)
    }
}

private enum Less: Condition {
    @inline(__always)
    static func holds(_ a: UInt64, _ b: UInt64) -> Bool { a < b }
}

private enum NotLess: Condition {
    @inline(__always)
    static func holds(_ a: UInt64, _ b: UInt64) -> Bool { a >= b }
}

private enum Equal32: WordCondition {
    @inline(__always)
    static func holds(_ a: UInt32, _ b: UInt32) -> Bool { a == b }
}

private enum NotEqual32: WordCondition {
    @inline(__always)
    static func holds(_ a: UInt32, _ b: UInt32) -> Bool { a != b }
}

private enum LessSigned32: WordCondition {
    @inline(__always)
    static func holds(_ a: UInt32, _ b: UInt32) -> Bool {
        Int32(bitPattern: a) < Int32(bitPattern: b)
    }
}

private enum NotLessSigned32: WordCondition {
    @inline(__always)
    static func holds(_ a: UInt32, _ b: UInt32) -> Bool {
        Int32(bitPattern: a) >= Int32(bitPattern: b)
    }
}

private enum Less32: WordCondition {
    @inline(__always)
    static func holds(_ a: UInt32, _ b: UInt32) -> Bool { a < b }
}

private enum NotLess32: WordCondition {
    @inline(__always)
    static func holds(_ a: UInt32, _ b: UInt32) -> Bool { a >= b }
}
