package import Chord
internal import Cryptography
package import KBR
package import PROSTNode
package import PeerletRuntime
package import SansIO
package import Wire

/// Many production nodes in virtual time on one thread: the same seed gives the same run
/// (`Spec/simulator.md`).
package final class Simulation {
    enum Event {
        indirect case input(host: Int, incarnation: UInt64, NodeInput)
        case arrive(from: Int, to: Int, connection: UInt32, Frame)
        /// A frame that a partition holds back, until the connection gives up.
        indirect case held(from: Int, to: Int, connection: UInt32, Frame, since: Instant)
        /// The machine learns that a connection is open.
        case opened(host: Int, peer: Int, connection: UInt32)
        /// It learns that the other end has closed it.
        case closed(host: Int, peer: Int, connection: UInt32)
        case wake(host: Int, incarnation: UInt64, Instant)
        indirect case synced(host: Int, incarnation: UInt64, batch: UInt64, StoreBatch)
        /// The lane's turn to carry out an effect.
        indirect case lane(host: Int, incarnation: UInt64, NodeEffect)
        /// An input whose turn on its machine's processor has come.
        indirect case due(Event)
        /// What someone outside the network does then.
        case act((Simulation) -> Void)
    }

    package let settings: SimulationSettings
    package internal(set) var hosts: [SimulatedHost] = []
    package internal(set) var now = Instant.zero
    /// Responses to local clients, by client.
    package internal(set) var responses: [UInt64: [ClientResponse]] = [:]
    package internal(set) var pushes: [UInt64: [ClientPush]] = [:]
    /// Sees every frame that is sent.
    package var tap: ((Frame, NodeHandle) -> Void)?
    /// Takes what nodes answer to clients with numbers from `observedClients` up.
    package var clientObserver: ((_ host: Int, _ client: UInt64, Frame) -> Void)?
    /// Sees what nodes log, kept or not.
    package var eventObserver: ((_ host: Int, NodeEvent) -> Void)?
    package static let observedClients: UInt64 = 1 << 48
    /// Running hash over everything that happened.
    package private(set) var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
    package internal(set) var eventCount: UInt64 = 0
    /// Inputs that nodes took; a wake whose timers were cancelled is none.
    package private(set) var inputCount: UInt64 = 0
    /// Pairs of sides between which nothing passes, in this direction.
    var cuts: Set<Cut> = []

    var queue = EventQueue<Event>()
    var indexOf: [Identifier: Int] = [:]
    var random: DeterministicRandom
    private var nextRequest: UInt64 = 0
    /// Connections that there were.
    var connectionCount: UInt32 = 0
    var lastEvent: UInt64?
    var lastInstant: Instant?
    /// Whether `stop` has taken effect.
    package internal(set) var hasStopped = false
    private var effects = EffectBuffer<NodeEffect>()

    /// Civil time at the start of every run.
    private static let epoch: UInt64 = 1_700_000_000_000

    package init(_ settings: SimulationSettings) {
        self.settings = settings
        random = DeterministicRandom(seed: settings.seed).stream("network")
    }

    package var clock: Now {
        Now(
            instant: now,
            wall: WallTime(milliseconds: Self.epoch + now.nanoseconds / 1_000_000)
        )
    }

    /// A stream of chance of its own for one purpose, which depends on the seed alone.
    package func stream(_ purpose: String) -> DeterministicRandom {
        DeterministicRandom(seed: settings.seed).stream(purpose)
    }

    // MARK: Machines

    /// Adds a machine that is down; its identifier is drawn from the seed if none is given.
    @discardableResult
    package func addHost(_ id: Identifier? = nil) -> Int {
        let index = hosts.count
        let id = id ?? identifier(of: index)
        let endpoint = Endpoint(
            10,
            UInt8(truncatingIfNeeded: index >> 16),
            UInt8(truncatingIfNeeded: index >> 8),
            UInt8(truncatingIfNeeded: index),
            port: 7400
        )
        hosts.append(SimulatedHost(handle: NodeHandle(id: id, endpoint: endpoint)))
        indexOf[id] = index
        return index
    }

    /// Makes room for this many machines, so that the list is not moved while it grows.
    package func reserve(_ count: Int) {
        hosts.reserveCapacity(count)
        indexOf.reserveCapacity(count)
    }

    private func identifier(of index: Int) -> Identifier {
        var seeds = DeterministicRandom(seed: settings.seed).stream("identity \(index)")
        return Identifier(words: (seeds.next(), seeds.next(), seeds.next(), seeds.next()))
    }

    /// The number of a machine; its address counts machines.
    func index(of peer: NodeHandle) -> Int? {
        let number = Int(truncatingIfNeeded: peer.endpoint.address.1 & 0xFF_FFFF)
        if number < hosts.count, hosts[number].handle.id == peer.id { return number }
        return indexOf[peer.id]
    }

    /// The number of the machine with this identifier.
    package func index(of id: Identifier) -> Int? { indexOf[id] }

    /// Starts a machine with what its disk holds; it founds a ring, or joins the given machines'.
    package func start(_ index: Int, joining contacts: [Int]? = nil) throws {
        try boot(index)
        if let contacts {
            step(index, .join(contacts.map { hosts[$0].handle }))
        } else {
            step(index, .found)
        }
    }

    /// Starts a machine as a member of a ring that is ideal already.
    package func start(_ index: Int, at place: RingPlace) throws {
        try boot(index)
        inputCount += 1
        guard let running = hosts[index].running else { return }
        running.node.take(place, at: clock, emit: &effects)
        afterStep(index, running)
    }

    private func boot(_ index: Int) throws {
        var seeds = random.stream("node \(index) \(hosts[index].incarnation)")
        var configuration = settings.configuration
        configuration.name = "node-\(index)"
        let node = try Node(
            handle: hosts[index].handle,
            configuration: configuration,
            policy: settings.policy,
            totals: settings.totals,
            seed: seeds.next(),
            stored: StoredNode(from: hosts[index].store)
        )
        hosts[index].node = node
        hosts[index].forgetMachines()
        hosts[index].incarnation += 1
        hosts[index].wake = nil
        hosts[index].laneIsFree = now
        hosts[index].diskIsFree = now
        hosts[index].hasLeft = false
    }

    /// The machine falls: what was not durable is lost, its connections end.
    package func crash(_ index: Int, wipingDisk: Bool = false) {
        hosts[index].node = nil
        hosts[index].incarnation += 1
        hosts[index].store.crash()
        if wipingDisk { hosts[index].store = MemoryStore() }
        for connection in hosts[index].connections.all { disconnect(index, Int(connection.peer)) }
        hosts[index].connections.removeAll()
    }

    /// The machine goes down after its node has left: what it sent arrives first.
    private func shutDown(_ index: Int) {
        hosts[index].node = nil
        hosts[index].incarnation += 1
        hosts[index].forgetMachines()
        for connection in hosts[index].connections.all {
            queue.add(
                .closed(host: Int(connection.peer), peer: index, connection: connection.number),
                at: max(connection.lastArrival, now) + settings.resetDelay
            )
        }
        hosts[index].connections.removeAll()
    }

    package func setPolicy(_ policy: NodePolicy, of index: Int) { step(index, .policy(policy)) }

    package func leave(_ index: Int) { step(index, .leave) }

    /// From now on, commits at a machine fail, or succeed again.
    package func setDiskFails(_ fails: Bool, at index: Int) { hosts[index].diskFails = fails }

    /// Changes what is on a machine's disk behind its back.
    package func overwrite(_ batch: StoreBatch, onDiskOf index: Int) {
        hosts[index].store.apply(batch)
        hosts[index].store.sync()
    }

    /// A frame as `sender` could make it, at once.
    package func inject(_ frame: Frame, from sender: NodeHandle, to index: Int) {
        step(index, .frame(frame, from: sender))
    }

    /// The local client's connection ends.
    package func disconnect(client: UInt64, at index: Int) { step(index, .clientGone(client)) }

    // MARK: Clients

    /// A local client's command; its responses appear in `responses`.
    @discardableResult
    package func command(_ command: ClientCommand, at index: Int, client: UInt64 = 1) -> UInt64 {
        nextRequest += 1
        step(index, .client(client, ClientRequest(number: nextRequest, command: command)))
        return nextRequest
    }

    /// What the next command's request will be called.
    package var nextRequestNumber: UInt64 { nextRequest + 1 }

    /// The last response to a request, nil if there is none yet.
    package func response(to request: UInt64) -> ClientResponse? {
        responses.values.lazy.flatMap(\.self).last { $0.number == request && $0.isLast }
    }

    /// Runs until a request is answered or the time is over.
    package func await(_ request: UInt64, within span: TimeSpan = .seconds(30)) -> ClientResponse? {
        let end = now + span
        while response(to: request) == nil, let next = queue.nextTime, next <= end { stepOnce() }
        return response(to: request)
    }

    func mix(_ kind: UInt8, _ host: Int, _ length: Int) {
        for word in [now.nanoseconds, UInt64(kind), UInt64(host), UInt64(length)] {
            fingerprint = (fingerprint ^ word) &* 0x0000_0100_0000_01B3
        }
    }

    func step(_ index: Int, _ input: NodeInput) {
        inputCount += 1
        guard let running = hosts[index].running else { return }
        running.node.handle(input, at: clock, emit: &effects)
        afterStep(index, running)
    }

    private func afterStep(_ index: Int, _ running: RunningNode) {
        var taken = EffectBuffer<NodeEffect>()
        swap(&taken, &effects)
        taken.drain { carryOut($0, of: index) }
        // Its storage serves the next step.
        if effects.isEmpty { swap(&taken, &effects) }
        if hosts[index].hasLeft, hosts[index].isUp { shutDown(index) }
        if hosts[index].running === running { scheduleWake(index, at: running.node.nextDeadline()) }
    }

    func scheduleWake(_ index: Int, at deadline: Instant?) {
        guard let next = deadline else { return }
        let time = max(next, now)
        if let wake = hosts[index].wake, wake <= time { return }
        hosts[index].wake = time
        queue.add(
            .wake(host: index, incarnation: hosts[index].incarnation, time),
            at: time
        )
    }
}
