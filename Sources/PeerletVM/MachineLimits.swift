/// What one instance may hold.
package struct MachineLimits: Hashable, Sendable {
    /// Most pages of linear memory, 4 KiB each; the program's own maximum also holds.
    package var memoryPages: UInt32
    /// Most cells of 8 bytes for locals and operand stacks of all frames.
    package var stackCells: Int
    /// Most frames, the entry's included.
    package var callDepth: Int

    package init(memoryPages: UInt32, stackCells: Int = 65_536, callDepth: Int = 1024) {
        self.memoryPages = memoryPages
        self.stackCells = stackCells
        self.callDepth = callDepth
    }
}

/// Why a machine could not be made or started; never caused by the running program.
package enum MachineError: Error, Hashable, Sendable, CustomStringConvertible {
    case limits
    /// The program begins with more pages than the quota.
    case memoryQuota(needed: UInt32, quota: UInt32)
    /// The system has no more.
    case noMemory
    /// The last activation was neither committed nor undone.
    case activationOpen
    /// The entry point belongs to another program.
    case unknownEntryPoint
    case argumentCount(expected: Int, given: Int)
    /// The entry's frame alone is over the limit.
    case stackLimit

    package var description: String {
        switch self {
        case .limits: "limits must be positive"
        case .memoryQuota(let needed, let quota):
            "the program needs \(needed) pages of memory, the quota is \(quota)"
        case .noMemory: "there is no memory for it"
        case .activationOpen: "the last activation is still open"
        case .unknownEntryPoint: "the entry point is not of this program"
        case .argumentCount(let expected, let given): "\(expected) arguments needed, \(given) given"
        case .stackLimit: "the stack limit is too small for this entry point"
        }
    }
}
