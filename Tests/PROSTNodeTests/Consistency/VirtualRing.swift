import KBR
import PeerletRuntime
import SansIO
import Wire

import PROSTNode

/// Keepers over virtual disks and a virtual network, under a replicated register per key.
///
/// A checker follows what was acknowledged; an oracle of live nodes takes the place of Chord.
final class VirtualRing {
    struct Node {
        let handle: NodeHandle
        var keeper: RangeKeeper?
        var disk = VirtualDisk()
        /// Events of an earlier life are dropped.
        var life = 0
        var nextSync: UInt64 = 0
        var wake: UInt64?
        var hosts = true
        /// Not between a crash and its restart.
        var isBackOrGone: Bool { keeper != nil || disk.rows.isEmpty }
    }

    enum Event {
        case message(RangeMessage, from: Int, to: Int)
        case replicate(Operation, from: Int, to: Int)
        case acknowledge(operation: Int, from: Int, to: Int)
        case sync(node: Int, life: Int)
        case rows(node: Int, life: Int, UInt64, RingInterval, after: [UInt8]?)
        case digest(node: Int, life: Int, UInt64, RingInterval)
        case wake(node: Int, life: Int)
        case view(node: Int, life: Int)
        case client(key: Int)
        case giveUp(operation: Int)
        case restart(node: Int)
    }

    /// A put of the number `value` by the only client of `key`.
    struct Operation {
        var id: Int
        var key: Int
        var value: UInt64
        var root: Int
        var epoch: UInt64
        var members: [Identifier]
        var row: StoreRow
        var durable: Set<Identifier> = []
    }

    static let application = ApplicationID(Identifier(words: (7, 7, 7, 7)))
    let space = StoreSpace.application(application)
    let successorCount: Int
    let faults: PlantedFaults
    var random: DeterministicRandom
    var time: UInt64 = 0
    var events = EventHeap<Event>()
    var nodes: [Node] = []
    var links: [[Int]: UInt64] = [:]
    var pendingViews = 0
    var lossPerMille: UInt64 = 0
    /// A live node that the others hold for dead, and links that lose everything.
    var suspected: Int?
    var blocked: Set<[Int]> = []

    let keys: [[UInt8]]
    var operations: [Int: Operation] = [:]
    var current: [Int: Int] = [:]
    var nextValue: [UInt64]
    var acknowledged: [UInt64]
    var acknowledgedUnder: [Ballot]
    var acknowledgements = 0
    var reads = 0
    var violations: [String] = []
    var clientsRun = true

    init(
        seed: UInt64,
        nodes count: Int,
        keys keyCount: Int = 24,
        successors: Int = 4,
        faults: PlantedFaults = PlantedFaults()
    ) {
        random = DeterministicRandom(seed: seed)
        successorCount = successors
        self.faults = faults
        var random = DeterministicRandom(seed: seed).stream("keys")
        keys = (0..<keyCount).map { [UInt8](random.bytes(32)) + [UInt8($0 & 255)] }
        nextValue = Array(repeating: 1, count: keyCount)
        acknowledged = Array(repeating: 0, count: keyCount)
        acknowledgedUnder = Array(repeating: .none, count: keyCount)
        for _ in 0..<count { join() }
        for key in 0..<keyCount { events.push(.client(key: key), at: key.magnitude64 * 1_000_000) }
    }

    // MARK: The ring

    @discardableResult
    func join() -> Int {
        let id = Identifier(
            words: (random.next(), random.next(), random.next(), random.next())
        )
        let port = UInt16(truncatingIfNeeded: 1000 + nodes.count)
        nodes.append(Node(handle: NodeHandle(id: id, endpoint: Endpoint(127, 0, 0, 1, port: port))))
        start(nodes.count - 1)
        return nodes.count - 1
    }

    func start(_ index: Int) {
        let prefix = RangeKeeper.rowPrefix(of: Self.application)
        let rows = (nodes[index].disk.rows[.node] ?? [:]).filter { $0.key.starts(with: prefix) }
            .map { StoreRow(key: $0.key, value: $0.value) }
        do {
            nodes[index].keeper = try RangeKeeper(
                application: Self.application,
                local: nodes[index].handle,
                replicas: 3,
                random: random.stream("node \(index) \(time)"),
                restoring: rows,
                faults: faults
            )
        } catch {
            violations.append("restoring: \(error)")
        }
        nodes[index].wake = nil
        membershipChanged()
    }

    /// With `wiped` its disk is lost, and with it the identity.
    func crash(_ index: Int, wiped: Bool) {
        nodes[index].keeper = nil
        nodes[index].life += 1
        nodes[index].disk.pending = []
        nodes[index].nextSync = 0
        if wiped { nodes[index].disk = VirtualDisk() }
        membershipChanged()
    }

    var live: [Int] { nodes.indices.filter { nodes[$0].keeper != nil } }

    private func membershipChanged() {
        for index in live {
            pendingViews += 1
            let delay = 20_000_000 + random.below(200_000_000)
            events.push(.view(node: index, life: nodes[index].life), at: time + delay)
        }
    }

    private func neighborhood(of index: Int) -> RangeNeighborhood {
        let own = nodes[index].handle.id
        let others = live.filter { $0 != index && $0 != suspected }.map { nodes[$0].handle }
            .sorted { ($0.id &- own) < ($1.id &- own) }
        // The arc reaches back over nodes that do not host the application.
        let hosting = live.filter { $0 == index || (nodes[$0].hosts && $0 != suspected) }
            .map { nodes[$0].handle.id }
        let last = hosting.filter { $0 != own }.max { ($0 &- own) < ($1 &- own) }
        return RangeNeighborhood(
            successors: Array(others.prefix(successorCount)),
            predecessor: others.last,
            range: RingInterval(after: last ?? own, through: own)
        )
    }

    /// Nothing left to repair anywhere.
    var isSettled: Bool {
        guard pendingViews == 0 else { return false }
        return live.allSatisfy { index in
            guard nodes[index].hosts, let status = nodes[index].keeper?.status else { return true }
            return status.acquiring == 0 && status.underReplicated == 0
        }
    }

    /// What is unfinished, for a failure's message.
    var unfinished: String {
        var text = "\(time / 1_000_000) ms, views \(pendingViews):"
        for index in live.sorted(by: { nodes[$0].handle.id < nodes[$1].handle.id }) {
            guard let keeper = nodes[index].keeper else { continue }
            text += "\n  \(nodes[index].handle.id) \(keeper)"
        }
        return text
    }

    /// The ring drops a live node, which its successor cannot reach.
    func suspect(_ index: Int) {
        guard let next = neighborhood(of: index).successors.first,
            let successor = nodes.firstIndex(where: { $0.handle.id == next.id })
        else { return }
        suspected = index
        blocked = [[index, successor], [successor, index]]
        membershipChanged()
    }

    // MARK: Time

    func run(until end: UInt64, while condition: () -> Bool = { true }) {
        while let next = events.nextTime, next <= end, condition() {
            guard let (at, event) = events.pop() else { break }
            time = at
            handle(event)
        }
        if condition() { time = max(time, end) }
    }

    func run(seconds: UInt64, while condition: () -> Bool = { true }) {
        run(until: time + seconds * 1_000_000_000, while: condition)
    }

    private func handle(_ event: Event) {
        switch event {
        case .message(let message, let from, let to):
            guard nodes[to].keeper != nil else { return }
            guard nodes[to].hosts else {
                let successors = neighborhood(of: to).successors
                if let answer = RangeKeeper.refusal(of: message, successors: successors) {
                    transmit(.message(answer, from: to, to: from), from: to, to: from)
                }
                return
            }
            step(to, .message(message, from: nodes[from].handle))
        case .replicate(let operation, let from, let to): replicate(operation, from: from, to: to)
        case .acknowledge(let operation, let from, _):
            isDurable(operation, at: nodes[from].handle.id)
        case .sync(let node, let life):
            guard nodes[node].life == life, let origin = nodes[node].disk.syncFirst() else {
                return
            }
            synced(origin, at: node)
        case .rows(let node, let life, let id, let arc, let after):
            guard nodes[node].life == life else { return }
            do {
                let page = try ArcScan.page(of: nodes[node].disk, space, arc, after: after)
                step(node, .rows(id, page))
            } catch { violations.append("read: \(error)") }
        case .digest(let node, let life, let id, let arc):
            guard nodes[node].life == life else { return }
            do {
                step(node, .digest(id, try nodes[node].disk.digest(space, in: arc)))
            } catch { violations.append("digest: \(error)") }
        case .wake(let node, let life):
            guard nodes[node].life == life, nodes[node].wake == time else { return }
            step(node, .wake)
        case .view(let node, let life):
            pendingViews -= 1
            guard nodes[node].life == life, nodes[node].hosts else { return }
            step(node, .neighborhood(neighborhood(of: node)))
        case .client(let key): runClient(key)
        case .giveUp(let id):
            if let operation = operations.removeValue(forKey: id), current[operation.key] == id {
                current[operation.key] = nil
            }
        case .restart(let node): if nodes[node].keeper == nil { start(node) }
        }
    }

    func step(_ index: Int, _ input: RangeKeeper.Input) {
        guard var keeper = nodes[index].keeper else { return }
        let effects = keeper.handle(input, now: Instant(nanoseconds: time))
        nodes[index].keeper = keeper
        let life = nodes[index].life
        for effect in effects {
            switch effect {
            case .send(let message, let node):
                guard let to = nodes.firstIndex(where: { $0.handle.id == node.id }) else {
                    continue
                }
                transmit(.message(roundTrip(message), from: index, to: to), from: index, to: to)
            case .commit(let batch, let id): commit(batch, .keeper(id), at: index)
            case .readRows(let id, let arc, let after):
                let at = time + random.below(2_000_000)
                events.push(.rows(node: index, life: life, id, arc, after: after), at: at)
            case .readDigest(let id, let arc):
                events.push(
                    .digest(node: index, life: life, id, arc),
                    at: time + random.below(2_000_000)
                )
            case .rangesChanged, .leasesChanged: break
            case .wake(let at):
                nodes[index].wake = max(at.nanoseconds, time)
                events.push(.wake(node: index, life: life), at: max(at.nanoseconds, time))
            case .readyToLeave: crash(index, wiped: true)
            }
        }
    }

    /// What arrives has passed through bytes.
    private func roundTrip(_ message: RangeMessage) -> RangeMessage {
        do {
            return try RangeMessage(wireBytes: message.wireBytes, "message")
        } catch {
            violations.append("\(error) in \(message)")
            return message
        }
    }

    /// In order per link; a lost message stands for a lost connection.
    private func transmit(_ event: Event, from: Int, to: Int) {
        if random.below(1000) < lossPerMille || blocked.contains([from, to]) { return }
        let earliest = time + 1_000_000 + random.below(20_000_000)
        let at = max(earliest, links[[from, to]] ?? 0)
        links[[from, to]] = at
        events.push(event, at: at)
    }

    private func commit(_ batch: StoreBatch, _ origin: VirtualDisk.Origin, at index: Int) {
        nodes[index].disk.pending.append((batch, origin))
        let at = max(nodes[index].nextSync, time) + 200_000 + random.below(4_000_000)
        nodes[index].nextSync = at
        events.push(.sync(node: index, life: nodes[index].life), at: at)
    }

    // MARK: The replicated register

    /// Rows as an unacknowledged change would have left them, with versions above all others.
    func plantLeftovers(at index: Int) {
        let version = ReplicaVersion(counter: 1 << 40, writer: nodes[index].handle.id)
        for key in (nodes[index].disk.rows[space] ?? [:]).keys {
            nodes[index].disk.rows[space]?[key] = StoredValue(version: version, bytes: [0])
        }
    }

    private func runClient(_ key: Int) {
        guard clientsRun else { return }
        let pace = UInt64(max(1, keys.count / 24))
        events.push(
            .client(key: key),
            at: time + pace * (20_000_000 + random.below(200_000_000))
        )
        guard let point = ArcScan.position(keys[key]) else { return }
        for index in live.shuffled(using: &random) {
            guard let epoch = nodes[index].keeper?.epoch(for: point) else { continue }
            readUnderLease(key, point, at: index)
            if current[key] == nil { put(key, epoch: epoch, at: index) }
        }
    }

    private func readUnderLease(_ key: Int, _ point: Identifier, at index: Int) {
        let now = Instant(nanoseconds: time)
        if let end = nodes[index].keeper?.leaseEnd(for: point), end > now {
            read(key, at: index)
        }
        step(index, .leaseWanted(point))
    }

    private func read(_ key: Int, at index: Int) {
        let row = nodes[index].disk.rows[space]?[keys[key]]
        let value = row.map { number($0.bytes) } ?? 0
        reads += 1
        if value < acknowledged[key] {
            violations.append(
                "\(time / 1_000_000) ms: node \(index) read \(value) of key \(key), "
                    + "acknowledged \(acknowledged[key])"
            )
        }
    }

    private func put(_ key: Int, epoch: UInt64, at index: Int) {
        guard let point = ArcScan.position(keys[key]),
            let members = nodes[index].keeper?.ranges.first(where: { $0.arc.contains(point) })?
                .members
        else { return }
        let known = nodes[index].disk.latest(space, keys[key])?.version ?? .none
        let value = nextValue[key]
        nextValue[key] += 1
        let row = StoreRow(
            key: keys[key],
            value: StoredValue(
                version: ReplicaVersion(
                    counter: known.counter + 1,
                    writer: nodes[index].handle.id
                ),
                bytes: (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
            )
        )
        let id = Int(value) * keys.count + key
        operations[id] = Operation(
            id: id,
            key: key,
            value: value,
            root: index,
            epoch: epoch,
            members: members.map(\.id),
            row: row
        )
        current[key] = id
        var batch = StoreBatch()
        batch.writes = [StoreWrite(space: space, key: row.key, value: row.value)]
        commit(batch, .write(operation: id), at: index)
        events.push(.giveUp(operation: id), at: time + 400_000_000)
    }

    private func synced(_ origin: VirtualDisk.Origin, at index: Int) {
        switch origin {
        case .keeper(let id): step(index, .durable(id))
        case .write(let id):
            guard let operation = operations[id] else { return }
            for member in operation.members where member != nodes[index].handle.id {
                guard let to = nodes.firstIndex(where: { $0.handle.id == member }) else { continue }
                transmit(.replicate(operation, from: index, to: to), from: index, to: to)
            }
            isDurable(id, at: nodes[index].handle.id)
        case .replica(let id, let root):
            transmit(.acknowledge(operation: id, from: index, to: root), from: index, to: root)
        }
    }

    private func replicate(_ operation: Operation, from: Int, to: Int) {
        guard let keeper = nodes[to].keeper, let point = ArcScan.position(operation.row.key),
            keeper.accepts(point, epoch: operation.epoch, root: nodes[from].handle.id)
        else { return }
        let known = nodes[to].disk.latest(space, operation.row.key)?.version ?? .none
        var batch = StoreBatch()
        if known < operation.row.value.version {
            let row = operation.row
            batch.writes = [StoreWrite(space: space, key: row.key, value: row.value)]
        }
        commit(batch, .replica(operation: operation.id, root: from), at: to)
    }

    private func isDurable(_ id: Int, at node: Identifier) {
        guard var operation = operations[id], nodes[operation.root].keeper != nil else { return }
        operation.durable.insert(node)
        operations[id] = operation
        let root = nodes[operation.root].handle.id
        guard operation.durable.contains(root),
            operation.durable.count > operation.members.count / 2
        else { return }
        let key = operation.key
        let ballot = Ballot(epoch: operation.epoch, proposer: root)
        if ballot < acknowledgedUnder[key] {
            violations.append("key \(key) acknowledged under an older epoch")
        }
        acknowledgedUnder[key] = ballot
        acknowledged[key] = operation.value
        acknowledgements += 1
        operations[id] = nil
        current[key] = nil
    }

    /// Faults of at most a minority at a time, under load, then calm.
    func storm(rounds: Int) {
        run(seconds: 30) { !isSettled }
        lossPerMille = random.below(3) == 0 ? 20 : 0
        for _ in 0..<rounds {
            run(until: time + 300_000_000 + random.below(1_000_000_000))
            fault()
            run(seconds: 60) { !isSettled || !nodes.allSatisfy(\.isBackOrGone) }
            if !isSettled { violations.append("not repaired: " + unfinished) }
            if !violations.isEmpty { return }
        }
        lossPerMille = 0
        run(seconds: 1)
        clientsRun = false
        run(seconds: 30)
        if !isSettled { violations.append("not settled: " + unfinished) }
        checkReplicas()
    }

    private func fault() {
        let live = live
        let victim = live[Int(random.below(UInt64(live.count)))]
        switch random.below(5) {
        case 0 where live.count < 8: join()
        case 1 where live.count > 4:
            step(victim, .prepareToLeave)
            run(seconds: 60) { nodes[victim].keeper != nil }
        case 2 where live.count > 3:
            if random.below(2) == 0 { join() }
            crash(victim, wiped: true)
            join()
        default:
            if live.count < 8, random.below(2) == 0 { join() }
            crash(victim, wiped: false)
            events.push(.restart(node: victim), at: time + 20_000_000 + random.below(2_000_000_000))
        }
    }

    /// After everything settled: each key is on as many nodes as it can be, with one value.
    func checkReplicas() {
        let count = min(3, live.count { nodes[$0].hosts })
        for key in keys.indices where acknowledged[key] > 0 {
            let root = live.first { index in
                guard let point = ArcScan.position(keys[key]) else { return false }
                return nodes[index].keeper?.epoch(for: point) != nil
            }
            let ranges = root.flatMap { nodes[$0].keeper?.ranges } ?? []
            let range = ranges.first { range in
                ArcScan.position(keys[key]).map(range.arc.contains) ?? false
            }
            let members = Set(range?.members.map(\.id) ?? [])
            let values = live.filter { members.contains(nodes[$0].handle.id) }
                .compactMap { nodes[$0].disk.rows[space]?[keys[key]] }
                .map { number($0.bytes) }
            if values.count < count || values.contains(where: { $0 < acknowledged[key] })
                || Set(values).count > 1
            {
                violations.append("key \(key): \(values), acknowledged \(acknowledged[key])")
            }
        }
    }

    private func number(_ bytes: [UInt8]) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
}

extension Int {
    fileprivate var magnitude64: UInt64 { UInt64(magnitude) }
}
