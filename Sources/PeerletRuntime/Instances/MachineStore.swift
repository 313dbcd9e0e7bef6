internal import PeerletBytecode
internal import PeerletVM

/// The machines of the instances that one execution lane runs (`Spec/node.md` §3).
///
/// An upcall goes `begin`, `step` until finished, `finish`; other instances may run in between.
/// What an upcall did to its machine stays undoable until `finish` says whether its report was
/// accepted, which comes before the instance's next `begin`.
package final class MachineStore {
    private struct Resident {
        var machine: Machine
        /// The activation that `finish` has to settle.
        var unsettled: UInt64?
    }

    private let environment: MachineEnvironment
    private var residents: [InstanceID: Resident] = [:]
    private var running: [UInt64: UpcallExecution] = [:]
    /// Reports of upcalls that ended in `begin`.
    private var early: [UInt64: ExecutionReport] = [:]
    private var unsettled: [UInt64: InstanceID] = [:]

    package init(environment: MachineEnvironment = MachineEnvironment()) {
        self.environment = environment
    }

    package enum Step: Sendable {
        /// The slice is used up; step again.
        case sliceEnded
        case finished(ExecutionReport)
    }

    package struct Statistics: Hashable, Sendable {
        package var machines = 0
        package var memoryPages: UInt64 = 0
        /// Pages copied for the undo of open activations.
        package var undoPages: UInt64 = 0

        package init() {}
    }

    package var statistics: Statistics {
        var total = Statistics()
        for resident in residents.values {
            total.machines += 1
            total.memoryPages += UInt64(resident.machine.memoryPages)
            total.undoPages += UInt64(resident.machine.undoPages)
        }
        return total
    }

    package func contains(_ instance: InstanceID) -> Bool { residents[instance] != nil }

    /// Pages of memory, and of copies for undo, that an instance holds.
    package func pages(of instance: InstanceID) -> (memory: UInt32, undo: UInt32) {
        guard let machine = residents[instance]?.machine else { return (0, 0) }
        return (machine.memoryPages, machine.undoPages)
    }

    /// Bytes of an instance's memory, for tools and tests; nil if there is no such memory.
    package func memory(of instance: InstanceID, at address: UInt64, count: Int) -> [UInt8]? {
        residents[instance]?.machine.load(address, count: count)
    }

    /// Opens an upcall; nothing runs before the first step.
    package func begin(_ invocation: Invocation, reader: any StoreReader) {
        do {
            let machine = try machine(for: invocation)
            guard let entry = entryPoint(of: invocation) else {
                return end(invocation, .notExported, machine)
            }
            let execution = UpcallExecution(
                invocation,
                machine: machine,
                reader: reader,
                environment: environment
            )
            try execution.start(entry)
            residents[invocation.instance]?.unsettled = invocation.id
            unsettled[invocation.id] = invocation.instance
            running[invocation.id] = execution
        } catch {
            end(invocation, .failed(error.description), residents[invocation.instance]?.machine)
        }
    }

    /// A client's method has an export of its own, `client_NAME`, or is `client`'s to tell apart.
    private func entryPoint(of invocation: Invocation) -> EntryPoint? {
        let program = invocation.peerlet.program
        let method = invocation.event.method.flatMap { method in
            let name = "client_" + method
            return Upcall(name: name) == nil ? program.entryPoint(named: name) : nil
        }
        return method ?? program.entryPoint(invocation.event.upcall)
    }

    private func end(
        _ invocation: Invocation,
        _ outcome: ExecutionReport.Outcome,
        _ machine: Machine?
    ) {
        var report = ExecutionReport(of: invocation)
        report.outcome = outcome
        report.memoryPages = machine?.memoryPages ?? 0
        early[invocation.id] = report
    }

    private func machine(for invocation: Invocation) throws(UpcallStartError) -> Machine {
        let resident = residents[invocation.instance]
        if resident?.unsettled != nil { throw .unsettled }
        let limits = invocation.limits
        if !invocation.isFresh {
            guard let machine = resident?.machine else { throw .absent }
            guard machine.program === invocation.peerlet.program else { throw .otherProgram }
            machine.setMemoryQuota(pages: limits.memoryPages)
            return machine
        }
        residents[invocation.instance] = nil
        do {
            let machine = try Machine(
                program: invocation.peerlet.program,
                limits: MachineLimits(
                    memoryPages: limits.memoryPages,
                    stackCells: limits.stackCells,
                    callDepth: limits.callDepth
                )
            )
            residents[invocation.instance] = Resident(machine: machine)
            return machine
        } catch {
            throw .machine(error)
        }
    }

    /// Runs an upcall for about `fuel` more; longer only where one indivisible step costs more.
    ///
    /// An invocation that was never begun, or is over, gets a report that says so.
    package func step(_ invocation: UInt64, fuel: UInt64) -> Step {
        if let report = early.removeValue(forKey: invocation) { return .finished(report) }
        guard let execution = running[invocation] else { return .finished(.unknown(invocation)) }
        guard let report = execution.run(slice: fuel) else { return .sliceEnded }
        running[invocation] = nil
        if !report.isCompleted { settle(invocation, isAccepted: false) }
        return .finished(report)
    }

    /// Ends an upcall whose time is over and undoes it; nil if it is not running.
    package func stop(_ invocation: UInt64) -> ExecutionReport? {
        if let report = early.removeValue(forKey: invocation) { return report }
        guard let execution = running.removeValue(forKey: invocation) else { return nil }
        let report = execution.stop(.outOfTime)
        settle(invocation, isAccepted: false)
        return report
    }

    /// Keeps, or undoes, what a completed upcall did to its machine; no effect on others.
    package func finish(_ invocation: UInt64, isAccepted: Bool) {
        running[invocation] = nil
        early[invocation] = nil
        settle(invocation, isAccepted: isAccepted)
    }

    private func settle(_ invocation: UInt64, isAccepted: Bool) {
        guard let instance = unsettled.removeValue(forKey: invocation),
            residents[instance]?.unsettled == invocation
        else { return }
        if isAccepted {
            residents[instance]?.machine.commitActivation()
        } else {
            residents[instance]?.machine.undoActivation()
        }
        residents[instance]?.unsettled = nil
    }

    /// Begins and steps to the end; `finish` is still the caller's.
    package func run(_ invocation: Invocation, reader: any StoreReader) -> ExecutionReport {
        begin(invocation, reader: reader)
        while true {
            if case .finished(let report) = step(invocation.id, fuel: invocation.fuel) {
                return report
            }
        }
    }

    /// Forgets an instance and all it holds, also an upcall that runs.
    package func drop(_ instance: InstanceID) {
        if let invocation = residents[instance]?.unsettled {
            running[invocation] = nil
            unsettled[invocation] = nil
        }
        residents[instance] = nil
    }
}

/// Why an upcall could not start.
enum UpcallStartError: Error, CustomStringConvertible {
    case unsettled
    case absent
    case otherProgram
    case machine(MachineError)
    case inbox(needed: Int, capacity: UInt32)
    case parameters

    var description: String {
        switch self {
        case .unsettled: "the instance's last upcall was not settled"
        case .absent: "the instance has no machine"
        case .otherProgram: "the instance's machine runs another program"
        case .machine(let error): error.description
        case .inbox(let needed, let capacity):
            "the event has \(needed) bytes, the inbox \(capacity)"
        case .parameters: "the export does not have the parameters of its upcall"
        }
    }
}
