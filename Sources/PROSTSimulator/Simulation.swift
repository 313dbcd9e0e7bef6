internal import Chord
internal import Cryptography
package import KBR
package import PROSTNode
package import PeerletRuntime
package import SansIO
package import Wire

/// Many production nodes in virtual time on one thread: the same seed gives the same run
/// (`Spec/node.md` §10).
package final class Simulation {
    enum Event {
        case input(host: Int, incarnation: UInt64, NodeInput)
        case arrive(from: Int, to: Int, incarnation: UInt64, Frame)
        case wake(host: Int, incarnation: UInt64, Instant)
        case synced(host: Int, incarnation: UInt64, batch: UInt64, StoreBatch)
        /// The lane's turn to carry out an effect.
        case lane(host: Int, incarnation: UInt64, NodeEffect)
    }

    package let settings: SimulationSettings
    package internal(set) var hosts: [SimulatedHost] = []
    package private(set) var now = Instant.zero
    /// Responses to local clients, by client.
    package internal(set) var responses: [UInt64: [ClientResponse]] = [:]
    package internal(set) var pushes: [UInt64: [ClientPush]] = [:]
    /// Sees every frame that is sent.
    package var tap: ((Frame, NodeHandle) -> Void)?
    /// Running hash over everything that happened.
    package private(set) var fingerprint: UInt64 = 0xCBF2_9CE4_8422_2325
    package private(set) var eventCount: UInt64 = 0

    var queue = EventQueue<Event>()
    var indexOf: [Identifier: Int] = [:]
    var random: DeterministicRandom
    var lastArrival: [Link: Instant] = [:]
    private var nextRequest: UInt64 = 0
    private var effects = EffectBuffer<NodeEffect>()

    struct Link: Hashable {
        var from: Int
        var to: Int
    }

    /// Civil time at the start of every run.
    private static let epoch: UInt64 = 1_700_000_000_000

    package init(_ settings: SimulationSettings) {
        self.settings = settings
        random = DeterministicRandom(seed: settings.seed).stream("network")
    }

    var clock: Now {
        Now(
            instant: now,
            wall: WallTime(milliseconds: Self.epoch + now.nanoseconds / 1_000_000)
        )
    }

    // MARK: Machines

    /// Adds a machine that is down.
    @discardableResult
    package func addHost() -> Int {
        let index = hosts.count
        let id = identifier(of: index)
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

    private func identifier(of index: Int) -> Identifier {
        var seeds = DeterministicRandom(seed: settings.seed).stream("identity \(index)")
        return Identifier(words: (seeds.next(), seeds.next(), seeds.next(), seeds.next()))
    }

    /// Starts a machine with what its disk holds; it founds a ring, or joins the given machines'.
    package func start(_ index: Int, joining contacts: [Int]? = nil) throws {
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
        hosts[index].machines = MachineStore()
        hosts[index].incarnation += 1
        hosts[index].wake = nil
        hosts[index].laneIsFree = now
        hosts[index].diskIsFree = now
        hosts[index].hasLeft = false
        if let contacts {
            step(index, .join(contacts.map { hosts[$0].handle }))
        } else {
            step(index, .found)
        }
    }

    /// The machine falls: what was not durable is lost, its connections end.
    package func crash(_ index: Int, wipingDisk: Bool = false) {
        hosts[index].node = nil
        hosts[index].incarnation += 1
        hosts[index].store.crash()
        if wipingDisk { hosts[index].store = MemoryStore() }
        for peer in hosts[index].peers.sorted() { disconnect(index, peer) }
        hosts[index].peers = []
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

    func disconnect(_ index: Int, _ peer: Int) {
        hosts[peer].peers.remove(index)
        guard hosts[peer].isUp else { return }
        queue.add(
            .input(
                host: peer,
                incarnation: hosts[peer].incarnation,
                .peerDown(hosts[index].handle.id)
            ),
            at: now + settings.resetDelay
        )
    }

    // MARK: Clients

    /// A local client's command; its responses appear in `responses`.
    @discardableResult
    package func command(_ command: ClientCommand, at index: Int, client: UInt64 = 1) -> UInt64 {
        nextRequest += 1
        step(index, .client(client, ClientRequest(number: nextRequest, command: command)))
        return nextRequest
    }

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

    // MARK: Time

    package func run(for span: TimeSpan) {
        let end = now + span
        while let next = queue.nextTime, next <= end { stepOnce() }
        now = end
    }

    /// Runs until the condition holds; false if it did not in the given time.
    package func run(until condition: () -> Bool, within span: TimeSpan) -> Bool {
        let end = now + span
        while !condition() {
            guard let next = queue.nextTime, next <= end else {
                now = end
                return condition()
            }
            stepOnce()
        }
        return true
    }

    /// Carries out the next event.
    package func stepOnce() {
        guard let (time, event) = queue.popFirst() else { return }
        now = max(now, time)
        eventCount += 1
        switch event {
        case .input(let host, let incarnation, let input):
            guard hosts[host].incarnation == incarnation else { return }
            step(host, input)
        case .arrive(let sender, let host, let incarnation, let frame):
            guard hosts[host].incarnation == incarnation else { return }
            mix(frame.kind, host, frame.body.count)
            step(host, .frame(frame, from: hosts[sender].handle))
        case .wake(let host, let incarnation, let time):
            guard hosts[host].incarnation == incarnation, hosts[host].wake == time else { return }
            hosts[host].wake = nil
            step(host, .wake)
        case .synced(let host, let incarnation, let number, let batch):
            guard hosts[host].incarnation == incarnation else { return }
            hosts[host].store.apply(batch)
            hosts[host].store.sync()
            step(host, .committed(batch: number, nil))
        case .lane(let host, let incarnation, let effect):
            guard hosts[host].incarnation == incarnation else { return }
            carryOutInLane(effect, of: host)
        }
    }

    private func mix(_ kind: UInt8, _ host: Int, _ length: Int) {
        for word in [now.nanoseconds, UInt64(kind), UInt64(host), UInt64(length)] {
            fingerprint = (fingerprint ^ word) &* 0x0000_0100_0000_01B3
        }
    }

    private func step(_ index: Int, _ input: NodeInput) {
        hosts[index].node?.handle(input, at: clock, emit: &effects)
        for effect in effects.drain() { carryOut(effect, of: index) }
        guard let next = hosts[index].node?.nextDeadline() else { return }
        let time = max(next, now)
        if let wake = hosts[index].wake, wake <= time { return }
        hosts[index].wake = time
        queue.add(
            .wake(host: index, incarnation: hosts[index].incarnation, time),
            at: time
        )
    }
}
