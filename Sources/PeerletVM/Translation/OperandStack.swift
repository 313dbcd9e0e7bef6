internal import PeerletBytecode

/// The operand stack while a function is translated.
///
/// Constants and locals stay where they are, *pending*, until something needs them in the cell of
/// their position: the beginning of a block, where the machine may stop, a call, or a change of the
/// local. All other values are in their cells.
struct OperandStack {
    enum Value: Equatable {
        case local(Int)
        case constant(Int64)
    }

    struct Pending {
        var position: Int
        var value: Value
    }

    /// What an instruction takes.
    enum Operand: Equatable {
        case cell(Int)
        /// The last result, which is also in that cell unless it is used up here.
        case accumulator(Int)
        case constant(Int64)

        var isConstant: Bool { if case .constant = self { true } else { false } }
    }

    /// The last instruction, when its result is still in the accumulator.
    struct Producer {
        /// First word.
        var word: Int
        /// The cell that it writes.
        var cell: Int
        /// The same operation without writing a cell; nil if there is none.
        var alone: Operation?
        var pattern = Pattern.other

        init(word: Int, cell: Int, alone: Operation?) {
            self.word = word
            self.cell = cell
            self.alone = alone
        }
    }

    /// What the last instruction does, where a following one can do it too.
    enum Pattern {
        case other
        case add(cell: Int, constant: Int64)
        case sum(Int, Int)
        case and(Operand, constant: Int64)
        case shift(Shift)
        case multiply(Operand, cell: Int)
    }

    struct Shift {
        var opcode: Opcode
        var operand: Operand
        /// Where the operand is also, if it was not used up.
        var cell: Int?
        var count: Int
        /// The instruction before: first word, cell, and the operation without writing it.
        var before: (word: Int, cell: Int, alone: Operation?)?
    }

    /// Parameters and locals, which come first in the frame.
    let locals: Int
    private(set) var height = 0
    /// In ascending positions; few, so that looking through them takes constant time.
    private(set) var pending: [Pending] = []
    var producer: Producer?

    static let mostPending = 16

    init(locals: Int) { self.locals = locals }

    /// Cell of a position on the stack.
    func cell(_ position: Int) -> Int { locals + position }

    /// Cell that the next value pushed has.
    var top: Int { cell(height) }

    mutating func push() { height += 1 }

    mutating func push(_ value: Value) {
        pending.append(Pending(position: height, value: value))
        height += 1
    }

    /// The topmost value if it is pending.
    var last: Value? { pending.last.flatMap { $0.position == height - 1 ? $0.value : nil } }

    /// Whether all of the topmost values are pending.
    func isPending(_ count: Int) -> Bool {
        pending.count >= count && pending[pending.count - count].position == height - count
    }

    /// Whether the topmost values are cells or locals.
    func hasCells(_ count: Int) -> Bool {
        !pending.contains {
            if case .constant = $0.value { $0.position >= height - count } else { false }
        }
    }

    mutating func pop() -> Operand {
        let value = last
        drop(1)
        switch value {
        case .constant(let value): return .constant(value)
        case .local(let local): return operand(local)
        case nil: return operand(top)
        }
    }

    mutating func drop(_ count: Int) {
        height -= count
        while let last = pending.last, last.position >= height { pending.removeLast() }
    }

    /// The last instruction writes another cell, which is a local.
    mutating func retarget(to local: Int) {
        producer?.cell = local
        producer?.alone = nil
    }

    func operand(_ cell: Int) -> Operand {
        producer?.cell == cell ? .accumulator(cell) : .cell(cell)
    }

    /// Everything in its own cell, as at the beginning of a block.
    mutating func reset(height: Int) {
        self.height = height
        pending.removeAll(keepingCapacity: true)
        producer = nil
    }

    mutating func settle() { pending.removeAll(keepingCapacity: true) }

    /// Takes out the pending reads of one local.
    mutating func removePending(of local: Int) -> [Pending] {
        let reads = pending.filter { $0.value == .local(local) }
        if !reads.isEmpty { pending.removeAll { $0.value == .local(local) } }
        return reads
    }
}
