/// The cells of a machine: locals and operand stacks of all its frames, grown up to a limit.
final class ValueStack {
    /// Most cells, a limit of the instance.
    let limit: Int
    private(set) var cells: Cells

    /// Cells behind a pointer that the interpreter keeps in a register.
    ///
    /// Indices come from verified code alone and are checked in debug builds.
    @safe
    struct Cells {
        fileprivate let buffer: UnsafeMutableBufferPointer<Int64>

        @inline(__always)
        subscript(_ index: Int) -> Int64 {
            get { unsafe buffer[index] }
            nonmutating set { unsafe buffer[index] = newValue }
        }

        var count: Int { unsafe buffer.count }
    }

    init(limit: Int) {
        self.limit = limit
        cells = Self.allocate(min(limit, 256))
    }

    deinit { unsafe cells.buffer.deallocate() }

    /// Makes room for `count` cells in all; false if the limit forbids it.
    func reserve(_ count: Int) -> Bool {
        guard count <= limit else { return false }
        guard count > cells.count else { return true }
        let grown = Self.allocate(min(limit, max(count, cells.count * 2)))
        for index in 0..<cells.count { grown[index] = cells[index] }
        unsafe cells.buffer.deallocate()
        cells = grown
        return true
    }

    private static func allocate(_ count: Int) -> Cells {
        let buffer = UnsafeMutableBufferPointer<Int64>.allocate(capacity: count)
        unsafe buffer.initialize(repeating: 0)
        return unsafe Cells(buffer: buffer)
    }

    func copy(_ range: Range<Int>) -> [Int64] { range.map { cells[$0] } }
}
