/// Finds out whether handlers jump: if they call, the native stack grows from one to the next.
enum SelfCheck {
    static let passes = keepsDepth([add, branch, add, store, add, branch])

    private static let add = Operation { unsafe Add.ss($0, $1, $2, $3, $4, $5) }
    private static let branch = Operation { unsafe ControlOperation.charge($0, $1, $2, $3, $4, $5) }
    private static let store = Operation { unsafe DataOperation.globalSetS($0, $1, $2, $3, $4, $5) }

    /// Notes in the first cell how deep the native stack is, and in the second how deep it was.
    private static let probe = Operation { code, cells, bytes, accumulator, fuel, shared in
        unsafe note(cells)
        unsafe next(code + 16, cells, bytes, accumulator, fuel, shared)
    }

    @inline(never)
    private static func note(_ cells: Cells) {
        var here: UInt64 = 0
        unsafe cells[1] = cells[0]
        unsafe withUnsafeMutablePointer(to: &here) {
            unsafe cells[0] = UInt64(UInt(bitPattern: $0))
        }
    }

    /// Whether the native stack is as deep after these handlers, one after the other, as before.
    private static func keepsDepth(_ handlers: [Operation]) -> Bool {
        let buffer = CodeBuffer()
        buffer.append(probe, at: 0, 0)
        for handler in handlers { buffer.append(handler, at: 0, CodeBuffer.operands(2, 2, 2)) }
        buffer.append(probe, at: 0, 0)
        buffer.append(ExitTable.finish, at: 0, 0)
        let code = UnsafeMutablePointer<UInt64>.allocate(capacity: buffer.count)
        let cells = Cells.allocate(capacity: 4)
        defer {
            unsafe code.deallocate()
            unsafe cells.deallocate()
        }
        for (index, word) in buffer.words.enumerated() {
            unsafe (code + index).initialize(to: word)
        }
        unsafe cells.initialize(repeating: 0, count: 4)
        var state = unsafe ExecutionState(code: Code(code), cells: cells, globals: cells)
        unsafe withUnsafeMutablePointer(to: &state) {
            unsafe next(Code(code), cells, Bytes(cells), 0, .max, Shared($0))
        }
        return unsafe cells[0] == cells[1]
    }
}
