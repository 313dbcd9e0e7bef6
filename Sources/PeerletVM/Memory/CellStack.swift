/// Frames and callers of one machine: grown up to their limits, empty while nothing runs.
@safe
final class CellStack {
    /// Most cells, and most frames.
    let limits: MachineLimits
    private(set) var cells: Cells
    private(set) var cellCount = 0
    private(set) var calls: UnsafeMutablePointer<ExecutionState.Call>
    private(set) var callCount = 0

    init(limits: MachineLimits) {
        self.limits = limits
        unsafe cells = .allocate(capacity: 0)
        unsafe calls = .allocate(capacity: 0)
    }

    deinit {
        unsafe cells.deallocate()
        unsafe calls.deallocate()
    }

    /// Makes room for so many cells in all, and moves what is there; false if the limit forbids it.
    func reserveCells(_ count: Int) -> Bool {
        guard count <= limits.stackCells else { return false }
        guard count > cellCount else { return true }
        let capacity = min(limits.stackCells, max(count, cellCount &* 2, 32))
        let grown = Cells.allocate(capacity: capacity)
        unsafe grown.initialize(repeating: 0, count: capacity)
        unsafe grown.update(from: cells, count: cellCount)
        unsafe cells.deallocate()
        unsafe cells = grown
        cellCount = capacity
        return true
    }

    /// The same for frames.
    func reserveCalls(_ count: Int) -> Bool {
        guard count <= limits.callDepth else { return false }
        guard count > callCount else { return true }
        let capacity = min(limits.callDepth, max(count, callCount &* 2, 8))
        let grown = UnsafeMutablePointer<ExecutionState.Call>.allocate(capacity: capacity)
        unsafe grown.moveInitialize(from: calls, count: callCount)
        let unused = unsafe ExecutionState.Call(returns: Code(grown), distance: 0)
        unsafe (grown + callCount).initialize(repeating: unused, count: capacity - callCount)
        unsafe calls.deallocate()
        unsafe calls = grown
        callCount = capacity
        return true
    }
}
