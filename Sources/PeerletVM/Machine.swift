package import PeerletBytecode

/// Why `Machine.run` came back.
package enum Exit: Hashable, Sendable {
    case finished(results: [Int64])
    /// A paid host call waits for `answerHostCall` or `trapHostCall`.
    case host(HostCall)
    /// The next block, bulk operation or host call costs so much and nothing of it was done.
    case needsFuel(UInt64)
    case trapped(Trap)
}

/// One instance of a program: memory, globals, stack, fuel.
///
/// Unchecked `Sendable`: a machine has no lock and belongs to one execution lane at a time; whoever
/// lends it to a lane gives it up until the lane's report.
@safe
package final class Machine: @unchecked Sendable {
    package let program: VerifiedProgram
    package let limits: MachineLimits

    let code: RegisterCode
    let memory: LinearMemory
    let stack: CellStack
    /// Their values now, then those at the activation's start.
    let globals: Cells
    let globalCount: Int
    let state: UnsafeMutablePointer<ExecutionState>
    var status = Status.idle
    var lastTrap: Trap?

    /// Fuel at hand, at most `maximumFuel`.
    package internal(set) var fuel: UInt64 = 0
    /// Fuel taken since the activation's start.
    package internal(set) var fuelSpent: UInt64 = 0
    /// For first writes to pages, to be taken whole at the end of the running block.
    var owed: UInt64 = 0
    /// Bytecode instructions begun since the activation's start.
    package internal(set) var instructionsExecuted: UInt64 = 0
    /// Pages that the activation's first refused `memory.grow` asked for in all; nil: none refused.
    package internal(set) var refusedPages: UInt64?

    /// Results of the activation's entry point.
    var resultCount = 0
    /// Whether an activation is open: started and neither kept nor undone.
    package private(set) var isActive = false

    /// Whether operations jump to one another, as in optimised builds, or a loop calls them.
    package static var handlersJump: Bool { Interpreter.handlersJump }

    /// A saturated price is above every amount of fuel, and so is never paid.
    package static let maximumFuel = UInt64(Int64.max)

    enum Status {
        case idle, ready
        /// The call at `pc` is paid and waits for its answer.
        case awaitingHost
        case finished
        /// `lastTrap` says why the activation ends once what is owed is paid.
        case trapping
        /// `lastTrap` says why.
        case trapped
    }

    package init(program: VerifiedProgram, limits: MachineLimits) throws(MachineError) {
        guard limits.stackCells > 0, limits.callDepth > 0 else { throw .limits }
        let layout = program.image.memory
        guard layout.initialPages <= limits.memoryPages else {
            throw .memoryQuota(needed: layout.initialPages, quota: limits.memoryPages)
        }
        self.program = program
        self.limits = limits
        code = program.code
        let quota = Int(min(layout.maximumPages, limits.memoryPages))
        guard let memory = LinearMemory(pages: Int(layout.initialPages), quota: quota) else {
            throw .noMemory
        }
        self.memory = memory
        stack = CellStack(limits: limits)
        globalCount = program.image.globals.count
        unsafe globals = .allocate(capacity: globalCount * 2)
        unsafe globals.initialize(repeating: 0, count: globalCount * 2)
        for (index, value) in program.image.globals.enumerated() {
            unsafe globals[index] = UInt64(bitPattern: value)
        }
        unsafe state = .allocate(capacity: 1)
        unsafe state.initialize(
            to: ExecutionState(code: code.base, cells: stack.cells, globals: globals)
        )
        unsafe state.pointee.table = code.table
        unsafe state.pointee.tableCount = UInt64(code.tableCount)
        shareStack(frames: 0)
        for segment in program.image.data {
            _ = memory.write(segment.bytes, at: UInt64(segment.address))
        }
    }

    deinit {
        unsafe globals.deallocate()
        unsafe state.deallocate()
    }

    // MARK: Activations

    /// Opens an activation: everything from here on can be undone.
    package func start(_ entry: EntryPoint, arguments: [Int64]) throws(MachineError) {
        guard arguments.count == entry.parameterCount else {
            guard !isActive else { throw .activationOpen }
            throw .argumentCount(expected: entry.parameterCount, given: arguments.count)
        }
        try start(entry)
        for (index, argument) in arguments.enumerated() { setArgument(index, argument) }
    }

    /// Opens an activation whose arguments are 0 until `setArgument`.
    package func start(_ entry: EntryPoint) throws(MachineError) {
        guard !isActive else { throw .activationOpen }
        guard entry.program == ObjectIdentifier(code) else { throw .unknownEntryPoint }
        let function = code.functions[Int(entry.function)]
        guard stack.reserveCells(function.cells), stack.reserveCalls(1) else { throw .stackLimit }
        unsafe stack.cells.update(repeating: 0, count: function.locals)
        unsafe stack.calls[0] = ExecutionState.Call(returns: code.base, distance: 0)
        unsafe state.pointee.pc = code.address(of: function.body)
        unsafe state.pointee.cells = stack.cells
        shareStack(frames: 1)
        shareMemory()
        status = .ready
        fuelSpent = 0
        instructionsExecuted = 0
        refusedPages = nil
        resultCount = entry.resultCount
        isActive = true
        if globalCount > 0 {
            unsafe (globals + globalCount).update(from: globals, count: globalCount)
        }
        memory.beginUndo()
    }

    /// One of the arguments of an activation that has not run yet.
    package func setArgument(_ index: Int, _ value: Int64) {
        guard case .ready = status, index >= 0, index < stack.cellCount else { return }
        unsafe stack.cells[index] = UInt64(bitPattern: value)
    }

    /// Keeps what the activation did.
    package func commitActivation() {
        guard isActive else { return }
        memory.commit()
        closeActivation()
    }

    /// Puts memory, its size and globals back to what they were at `start`; fuel stays spent.
    package func undoActivation() {
        guard isActive else { return }
        memory.undo()
        if globalCount > 0 {
            unsafe globals.update(from: globals + globalCount, count: globalCount)
        }
        closeActivation()
    }

    private func closeActivation() {
        isActive = false
        lastTrap = nil
        owed = 0
        shareStack(frames: 0)
        status = .idle
    }

    // MARK: Fuel

    /// Adds up, and stops at `maximumFuel`.
    package func addFuel(_ amount: UInt64) {
        let room = Self.maximumFuel - fuel
        fuel += min(amount, room)
    }

    /// Takes back what is left.
    package func drainFuel() -> UInt64 {
        defer { fuel = 0 }
        return fuel
    }

    /// Charges the running host call for work known only now; false and nothing taken if it cannot.
    package func charge(_ amount: UInt64) -> Bool {
        guard amount <= fuel else { return false }
        fuel -= amount
        spend(amount)
        return true
    }

    func owe(firstWrites count: Int) { owed += UInt64(count) * MemoryPrices.firstWrite }

    func spend(_ amount: UInt64) {
        let (sum, overflow) = fuelSpent.addingReportingOverflow(amount)
        fuelSpent = overflow ? .max : sum
    }

    // MARK: Memory

    package var memoryPages: UInt32 { UInt32(truncatingIfNeeded: memory.pages) }
    /// Pages copied so far so that this activation can be undone; charged to the instance.
    package var undoPages: UInt32 { UInt32(truncatingIfNeeded: memory.undoPages) }

    /// The quota for growth from now on; pages already held stay.
    package func setMemoryQuota(pages: UInt32) {
        memory.quota = Int(min(program.image.memory.maximumPages, pages))
    }

    /// Nil when not all of it is in memory.
    package func load(_ address: UInt64, count: Int) -> [UInt8]? {
        memory.read(address, count: count)
    }

    /// False, and nothing written, when not all of it is in memory.
    ///
    /// During a host call, first writes to pages are owed.
    package func store(_ bytes: [UInt8], at address: UInt64) -> Bool {
        let undoPages = memory.undoPages
        guard memory.write(bytes, at: address) else { return false }
        if status == .awaitingHost { owe(firstWrites: memory.undoPages - undoPages) }
        return true
    }

    /// Lets `body` write over so many bytes, which are any before; false, and `body` not called,
    /// when not all of it is in memory.
    ///
    /// During a host call, first writes to pages are owed.
    package func overwrite(
        _ address: UInt64,
        count: Int,
        _ body: (inout MutableRawSpan) -> Void
    ) -> Bool {
        let undoPages = memory.undoPages
        guard memory.overwrite(address, count: count, body) else { return false }
        if status == .awaitingHost { owe(firstWrites: memory.undoPages - undoPages) }
        return true
    }

    /// Pages written since the last call, ascending; meaningful between activations.
    package func takeDirtyPages() -> [UInt32] { memory.takeDirtyPages() }
}
