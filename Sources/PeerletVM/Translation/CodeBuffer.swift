/// Register code under construction: words of eight bytes, the first of an instruction its handler.
final class CodeBuffer {
    private(set) var words: ContiguousArray<UInt64> = []
    /// First word of each instruction, ascending.
    private(set) var starts: ContiguousArray<UInt32> = []
    /// Offset in its function's bytecode of the instruction that each may trap as.
    private(set) var offsets: ContiguousArray<UInt32> = []
    /// Words of calls, whose third word is the index of a function and shall become its entry.
    private(set) var calls: ContiguousArray<UInt32> = []

    var count: Int { words.count }

    /// Four indices of cells, the second word of most instructions.
    static func operands(_ a: Int, _ b: Int = 0, _ c: Int = 0, _ d: Int = 0) -> UInt64 {
        field(a) | field(b) << 16 | field(c) << 32 | field(d) << 48
    }

    /// Two indices and a number of 32 bits.
    static func operands(_ a: Int, _ b: Int, number: UInt32) -> UInt64 {
        field(a) | field(b) << 16 | UInt64(number) << 32
    }

    private static func field(_ value: Int) -> UInt64 {
        UInt64(UInt16(truncatingIfNeeded: value))
    }

    /// The word of the instruction, for patches.
    @discardableResult
    func append(_ operation: Operation, at offset: Int, _ operands: UInt64) -> Int {
        let start = words.count
        starts.append(UInt32(truncatingIfNeeded: start))
        offsets.append(UInt32(truncatingIfNeeded: offset))
        words.append(operation.bits)
        words.append(operands)
        return start
    }

    @discardableResult
    func append(
        _ operation: Operation,
        at offset: Int,
        _ operands: UInt64,
        _ more: UInt64
    ) -> Int {
        let start = append(operation, at: offset, operands)
        words.append(more)
        return start
    }

    /// More of the last instruction.
    func append(_ word: UInt64) { words.append(word) }

    /// The distances of a jump table, two to a word, to be set by `setDistance`.
    func appendTable(count: Int) {
        words.append(contentsOf: repeatElement(0, count: count))
    }

    /// Takes the last instruction back.
    func removeLast() {
        guard let start = starts.popLast() else { return }
        offsets.removeLast()
        words.removeLast(words.count - Int(start))
    }

    func replaceHandler(at word: Int, with operation: Operation) { words[word] = operation.bits }

    /// Makes the instruction write another cell.
    func replaceTarget(at word: Int, with cell: Int) {
        words[word + 1] = words[word + 1] & ~0xFFFF | UInt64(UInt16(truncatingIfNeeded: cell))
    }

    /// Bytes from the instruction to the word it branches to, a number of 32 bits at byte `field`.
    func setDistance(of instruction: Int, field: Int, to target: Int) {
        let bytes = Int32(truncatingIfNeeded: (target - instruction) * 8)
        let word = instruction + field / 8
        let shift = UInt64(field % 8 * 8)
        words[word] &= ~(0xFFFF_FFFF << shift)
        words[word] |= UInt64(UInt32(bitPattern: bytes)) << shift
    }

    func noteCall(at word: Int) { calls.append(UInt32(truncatingIfNeeded: word)) }
}
