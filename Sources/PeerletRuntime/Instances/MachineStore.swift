internal import PeerletBytecode
internal import PeerletVM

/// The machines of the instances that one execution lane runs (`Spec/node.md` §3).
///
/// An upcall goes `begin`, `step` until finished, `finish`; other instances may run in between.
/// What an upcall did to its machine stays undoable until `finish` says whether its report was
/// accepted, which comes before the instance's next `begin`.
package final class MachineStore {
    private let environment: MachineEnvironment
    private var machines: [InstanceID: Machine] = [:]
    /// What `finish` has to settle, by its invocation.
    private var open: [UInt64: OpenUpcall] = [:]
    /// Reports of upcalls that ended in `begin`.
    private var early: [UInt64: ExecutionReport] = [:]

    private enum OpenUpcall {
        case running(UpcallExecution)
        case completed(InstanceID, Machine)

        var instance: InstanceID {
            switch self {
            case .running(let execution): execution.invocation.instance
            case .completed(let instance, _): instance
            }
        }

        var machine: Machine {
            switch self {
            case .running(let execution): execution.machine
            case .completed(_, let machine): machine
            }
        }
    }

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
        for machine in machines.values {
            total.machines += 1
            total.memoryPages += UInt64(machine.memoryPages)
            total.undoPages += UInt64(machine.undoPages)
        }
        return total
    }

    package func contains(_ instance: InstanceID) -> Bool { machines[instance] != nil }

    /// Pages of memory, and of copies for undo, that an instance holds.
    package func pages(of instance: InstanceID) -> (memory: UInt32, undo: UInt32) {
        guard let machine = machines[instance] else { return (0, 0) }
        return (machine.memoryPages, machine.undoPages)
    }

    /// Bytes of an instance's memory, for tools and tests; nil if there is no such memory.
    package func memory(of instance: InstanceID, at address: UInt64, count: Int) -> [UInt8]? {
        machines[instance]?.load(address, count: count)
    }

    /// Opens an upcall; nothing runs before the first step.
    package func begin(_ invocation: consuming Invocation, reader: any StoreReader) {
        let machine: Machine
        do {
            machine = try self.machine(for: invocation)
        } catch {
            return end(invocation, .failed(error.description), machines[invocation.instance])
        }
        guard let entry = entryPoint(of: invocation) else {
            return end(invocation, .notExported, machine)
        }
        EventBlock.fit(&invocation.event, in: machine.program.image.memory)
        let id = invocation.id
        let execution = UpcallExecution(
            invocation,
            machine: machine,
            reader: reader,
            environment: environment
        )
        do {
            try execution.start(entry)
            open[id] = .running(execution)
        } catch {
            end(execution.invocation, .failed(error.description), machine)
        }
    }

    /// A client's method has an export of its own, `client_NAME`, or is `client`'s to tell apart.
    private func entryPoint(of invocation: borrowing Invocation) -> EntryPoint? {
        let program = invocation.peerlet.program
        if let method = invocation.event.method {
            let name = "client_" + method
            if Upcall(name: name) == nil, let entry = program.entryPoint(named: name) {
                return entry
            }
        }
        return program.entryPoint(invocation.event.upcall)
    }

    private func end(
        _ invocation: borrowing Invocation,
        _ outcome: ExecutionReport.Outcome,
        _ machine: Machine?
    ) {
        var report = ExecutionReport(of: invocation)
        report.outcome = outcome
        report.memoryPages = machine?.memoryPages ?? 0
        early[invocation.id] = report
    }

    private func machine(for invocation: borrowing Invocation) throws(UpcallStartError) -> Machine {
        let resident = machines[invocation.instance]
        if let resident, resident.isActive { throw .unsettled }
        let limits = invocation.limits
        if !invocation.isFresh {
            guard let machine = resident else { throw .absent }
            guard machine.program === invocation.peerlet.program else { throw .otherProgram }
            machine.setMemoryQuota(pages: limits.memoryPages)
            return machine
        }
        machines[invocation.instance] = nil
        do {
            let machine = try Machine(
                program: invocation.peerlet.program,
                limits: MachineLimits(
                    memoryPages: limits.memoryPages,
                    stackCells: limits.stackCells,
                    callDepth: limits.callDepth
                )
            )
            machines[invocation.instance] = machine
            return machine
        } catch {
            throw .machine(error)
        }
    }

    /// Runs an upcall for about `fuel` more; longer only where one indivisible step costs more.
    ///
    /// An invocation that was never begun, or is over, gets a report that says so.
    package func step(_ invocation: UInt64, fuel: UInt64) -> Step {
        if let report = takeEarly(invocation) { return .finished(report) }
        guard let place = open.index(forKey: invocation),
            case .running(let execution) = open.values[place]
        else { return .finished(.unknown(invocation)) }
        guard let report = execution.run(slice: fuel) else { return .sliceEnded }
        if report.isCompleted {
            open.values[place] = .completed(report.instance, execution.machine)
        } else {
            execution.machine.undoActivation()
            open.remove(at: place)
        }
        return .finished(report)
    }

    private func takeEarly(_ invocation: UInt64) -> ExecutionReport? {
        early.isEmpty ? nil : early.removeValue(forKey: invocation)
    }

    /// Ends an upcall whose time is over and undoes it; nil if it is not running.
    package func stop(_ invocation: UInt64) -> ExecutionReport? {
        if let report = takeEarly(invocation) { return report }
        guard case .running(let execution) = open[invocation] else { return nil }
        let report = execution.stop(.outOfTime)
        settle(invocation, isAccepted: false)
        return report
    }

    /// Keeps, or undoes, what an upcall did to its machine; no effect on others.
    package func finish(_ invocation: UInt64, isAccepted: Bool) {
        _ = takeEarly(invocation)
        settle(invocation, isAccepted: isAccepted)
    }

    private func settle(_ invocation: UInt64, isAccepted: Bool) {
        guard let machine = open.removeValue(forKey: invocation)?.machine else { return }
        if isAccepted {
            machine.commitActivation()
        } else {
            machine.undoActivation()
        }
    }

    /// Begins and steps to the end; `finish` is still the caller's.
    package func run(
        _ invocation: consuming Invocation,
        reader: any StoreReader
    ) -> ExecutionReport {
        let (id, fuel) = (invocation.id, invocation.fuel)
        begin(invocation, reader: reader)
        while true {
            if case .finished(let report) = step(id, fuel: fuel) {
                return report
            }
        }
    }

    /// Forgets an instance and all it holds, also an upcall that runs.
    package func drop(_ instance: InstanceID) {
        open = open.filter { $0.value.instance != instance }
        machines[instance] = nil
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
