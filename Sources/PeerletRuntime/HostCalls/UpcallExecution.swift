internal import KBR
internal import PeerletBytecode
internal import PeerletVM
internal import SansIO
internal import Wire

/// One upcall while it runs: the machine, what it may look at, and what it asked for so far.
///
/// Host calls are answered here from the invocation's values alone; nothing leaves before the
/// report. Belongs to one lane.
final class UpcallExecution {
    let invocation: Invocation
    let machine: Machine
    let environment: MachineEnvironment
    var lease: FuelLease
    var store: UpcallStore
    var leases = LeaseUse()
    var effects: [PeerletEffect] = []
    var verdict = ForwardVerdict()
    /// Nil once a part was refused.
    var snapshotParts: [[UInt8]]? = []
    var usage = UpcallUsage()
    var limitsReached: [LimitReached] = []
    var random: DeterministicRandom

    init(
        _ invocation: consuming Invocation,
        machine: Machine,
        reader: any StoreReader,
        environment: MachineEnvironment
    ) {
        self.machine = machine
        self.environment = environment
        lease = FuelLease(invocation.fuel, spare: invocation.spareBudget)
        store = UpcallStore(
            .application(invocation.instance.application),
            reader: reader,
            pending: invocation.pendingBatches,
            wall: invocation.now.wall
        )
        random = DeterministicRandom(seed: invocation.seed)
        self.invocation = invocation
    }

    var application: ApplicationID { invocation.instance.application }
    var upcall: Upcall { invocation.event.upcall }
    var limits: UpcallLimits { invocation.limits }

    // MARK: Limits

    /// Notes that a limit refused something; the first time of each limit is reported.
    func note(_ limit: ResourceLimit, used: UInt64, maximum: UInt64) {
        guard !limitsReached.contains(where: { $0.limit == limit }) else { return }
        limitsReached.append(LimitReached(limit, used: used, maximum: maximum))
    }

    /// Refuses with `error` when `used + wanted` exceeds `maximum`.
    func require(
        _ limit: ResourceLimit,
        _ wanted: Int,
        used: Int,
        maximum: Int,
        else error: HostError
    ) throws(HostCallStop) {
        guard wanted > maximum - used else { return }
        note(
            limit,
            used: UInt64(clamping: used) + UInt64(clamping: wanted),
            maximum: UInt64(clamping: maximum)
        )
        throw .refused(error)
    }

    /// Charges the running call for work that its parameters do not tell.
    func surcharge(_ fuel: UInt64) throws(HostCallStop) {
        guard lease.cover(fuel, for: machine), machine.charge(fuel) else {
            throw .exhausted(needed: fuel)
        }
    }

    // MARK: Parameters

    func argument(_ index: Int) -> Int64 { machine.hostArgument(index) }

    /// The parameter as a number in `range`, else ARG or the error given.
    func number(
        _ index: Int,
        in range: ClosedRange<Int64>,
        tooBig: HostError = .argument
    ) throws(HostCallStop) -> Int {
        let value = argument(index)
        guard value >= range.lowerBound else { throw .refused(.argument) }
        guard value <= range.upperBound else { throw .refused(tooBig) }
        return Int(value)
    }

    /// Bytes of memory that a parameter points to and that exist.
    struct GuestRange {
        let address: UInt64
        let count: Int
    }

    /// Traps unless the `count` bytes at the parameter's address are memory.
    func range(_ index: Int, _ count: Int) throws(HostCallStop) -> GuestRange {
        let address = UInt64(bitPattern: argument(index))
        guard count > 0 else { return GuestRange(address: 0, count: 0) }
        let size = UInt64(machine.memoryPages) * UInt64(BytecodeLimits.pageSize)
        guard UInt64(count) <= size, address <= size - UInt64(count) else {
            throw .trap(.hostMemory)
        }
        return GuestRange(address: address, count: count)
    }

    /// Nil when the parameter is 0.
    func optionalRange(_ index: Int, _ count: Int) throws(HostCallStop) -> GuestRange? {
        argument(index) == 0 ? nil : try range(index, count)
    }

    func load(_ range: GuestRange) throws(HostCallStop) -> [UInt8] {
        guard range.count > 0 else { return [] }
        guard let bytes = machine.load(range.address, count: range.count) else {
            throw .trap(.hostMemory)
        }
        return bytes
    }

    func write(_ bytes: [UInt8], to range: GuestRange) throws(HostCallStop) {
        guard !bytes.isEmpty else { return }
        guard bytes.count <= range.count, machine.store(bytes, at: range.address) else {
            throw .trap(.hostMemory)
        }
    }

    func bytes(_ index: Int, _ count: Int) throws(HostCallStop) -> [UInt8] {
        try load(range(index, count))
    }

    func identifier(_ index: Int) throws(HostCallStop) -> Identifier {
        guard let identifier = Identifier(bytes: try bytes(index, Identifier.byteCount)) else {
            throw .trap(.hostMemory)
        }
        return identifier
    }

    func optionalIdentifier(_ index: Int) throws(HostCallStop) -> Identifier? {
        argument(index) == 0 ? nil : try identifier(index)
    }

    func node(from bytes: [UInt8]) throws(HostCallStop) -> NodeHandle {
        guard bytes.contains(where: { $0 != 0 }),
            let node = try? NodeHandle(wireBytes: bytes, "node handle")
        else {
            throw .refused(.argument)
        }
        return node
    }
}

/// What an upcall has used of its quotas.
struct UpcallUsage {
    var sends = 0
    var sendBytes = 0
    var timers = 0
    var requests = 0
    var watches = 0
    var logBytes = 0
    var statistics = 0
    var snapshotBytes = 0
    var hasCheckpoint = false
}
