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
package final class Machine: @unchecked Sendable {
    package let program: VerifiedProgram
    package let limits: MachineLimits

    let memory: LinearMemory
    let stack: ValueStack
    var globals: [Int64]
    var frames: [Frame] = []
    /// Index of the next instruction in the execution code.
    var pc = 0
    /// First free cell.
    var sp = 0
    var status = Status.idle

    /// Fuel at hand, at most `maximumFuel`.
    package internal(set) var fuel: UInt64 = 0
    /// Fuel taken since the activation's start.
    package internal(set) var fuelSpent: UInt64 = 0
    /// Bytecode instructions begun since the activation's start.
    package internal(set) var instructionsExecuted: UInt64 = 0
    /// Pages that the activation's first refused `memory.grow` asked for in all; nil: none refused.
    package internal(set) var refusedPages: UInt64?

    private var isActive = false
    private var globalsAtStart: [Int64] = []

    /// A saturated price is above every amount of fuel, and so is never paid.
    package static let maximumFuel = UInt64(Int64.max)

    struct Frame {
        var function: Int
        /// First cell.
        var base: Int
        /// Where the caller goes on.
        var returnIndex: Int
    }

    enum Status {
        case idle, ready
        case awaitingHost(HostCall, parameters: Int)
        case ended(Exit)
    }

    package init(program: VerifiedProgram, limits: MachineLimits) throws(MachineError) {
        guard limits.stackCells > 0, limits.callDepth > 0 else { throw .limits }
        let layout = program.image.memory
        guard layout.initialPages <= limits.memoryPages else {
            throw .memoryQuota(needed: layout.initialPages, quota: limits.memoryPages)
        }
        self.program = program
        self.limits = limits
        memory = LinearMemory(
            pages: Int(layout.initialPages),
            quota: Int(min(layout.maximumPages, limits.memoryPages))
        )
        stack = ValueStack(limit: limits.stackCells)
        globals = program.image.globals
        for segment in program.image.data {
            _ = memory.write(segment.bytes, at: UInt64(segment.address))
        }
    }

    // MARK: Activations

    /// Opens an activation: everything from here on can be undone.
    package func start(_ entry: EntryPoint, arguments: [Int64]) throws(MachineError) {
        guard !isActive else { throw .activationOpen }
        guard program.entryPoint(named: entry.name) == entry else { throw .unknownEntryPoint }
        guard arguments.count == entry.parameterCount else {
            throw .argumentCount(expected: entry.parameterCount, given: arguments.count)
        }
        let function = program.code.functions[Int(entry.function)]
        guard stack.reserve(function.cells) else { throw .stackLimit }
        for index in 0..<function.locals {
            stack.cells[index] = index < arguments.count ? arguments[index] : 0
        }
        frames = [Frame(function: Int(entry.function), base: 0, returnIndex: 0)]
        pc = function.entry
        sp = function.locals
        status = .ready
        fuelSpent = 0
        instructionsExecuted = 0
        refusedPages = nil
        isActive = true
        globalsAtStart = globals
        memory.beginUndo()
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
        globals = globalsAtStart
        closeActivation()
    }

    private func closeActivation() {
        isActive = false
        globalsAtStart = []
        frames = []
        sp = 0
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
    package func store(_ bytes: [UInt8], at address: UInt64) -> Bool {
        memory.write(bytes, at: address)
    }

    /// Pages written since the last call, ascending; meaningful between activations.
    package func takeDirtyPages() -> [UInt32] { memory.takeDirtyPages() }

    // MARK: State

    /// The machine in terms of the bytecode: at a start, a fuel stop, a host call or an end.
    package func captureState() -> MachineState {
        var awaitsHost = false
        if case .awaitingHost = status { awaitsHost = true }
        let captured = frames.indices.map { index in
            let frame = frames[index]
            let isInnermost = index + 1 == frames.count
            let end = isInnermost ? sp : frames[index + 1].base
            let next = isInnermost ? pc : frames[index + 1].returnIndex
            let operands = frame.base + program.code.functions[frame.function].locals
            return MachineState.Frame(
                function: UInt32(truncatingIfNeeded: frame.function),
                offset: program.code.offsets[next],
                locals: stack.copy(frame.base..<operands),
                stack: stack.copy(operands..<end)
            )
        }
        return MachineState(
            frames: captured,
            globals: globals,
            memory: memory.read(0, count: Int(memory.byteCount)) ?? [],
            awaitsHost: awaitsHost
        )
    }
}
