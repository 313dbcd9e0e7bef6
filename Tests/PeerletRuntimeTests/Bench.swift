import Cryptography
import KBR
import PeerletBytecode
import PeerletPackage
import PeerletRuntime
import PeerletVM
import SansIO
import Testing
import Wire

/// A ring in which every node knows all others.
struct FullRing: CommonAPI {
    var nodes: [NodeHandle]
    var local: NodeHandle
    var isUnsure = false
    var knowsNobody = false

    init(size: Int, local: Int = 0) {
        nodes = (0..<size).map { index in
            let step = Identifier(words: (UInt64.max / UInt64(size) * UInt64(index) + 7, 0, 0, 9))
            return NodeHandle(
                id: step,
                endpoint: Endpoint(10, 0, 0, UInt8(index), port: 4000),
                sequence: 1
            )
        }
        self.local = nodes[local]
    }

    private func root(of key: Identifier) -> Int { nodes.firstIndex { key <= $0.id } ?? 0 }

    private func member(_ index: Int) -> NodeHandle {
        nodes[((index % nodes.count) + nodes.count) % nodes.count]
    }

    func localLookup(_ key: Identifier, count: Int, safe: Bool) -> [NodeHandle] {
        if knowsNobody { return [] }
        return (0..<min(count, safe ? 2 : nodes.count)).map { member(root(of: key) - $0) }
    }

    func neighborSet(count: Int) -> [NodeHandle] {
        guard let own = nodes.firstIndex(of: local) else { return [] }
        return (1...max(1, min(count, nodes.count - 1))).map {
            member($0 % 2 == 1 ? own + ($0 + 1) / 2 : own - $0 / 2)
        }
    }

    func nextHop(toward key: Identifier, avoiding: (Identifier) -> Bool) -> RouteDecision {
        let next = localLookup(key, count: nodes.count, safe: false).first { !avoiding($0.id) }
        guard let next else { return .unknown }
        return next == local ? .deliverHere : .forward(next)
    }

    func replicaSet(of key: Identifier, count: Int) -> ReplicaSet {
        let count = isUnsure ? 0 : min(count, nodes.count)
        return ReplicaSet(
            members: (0..<count).map { member(root(of: key) + $0) },
            isComplete: !isUnsure
        )
    }

    func range(of node: Identifier, rank: Int, cumulative: Bool) -> RingInterval? {
        guard !isUnsure, let index = nodes.firstIndex(where: { $0.id == node }) else { return nil }
        let low = member(index - rank - 1).id
        return RingInterval(after: low, through: cumulative ? node : member(index - rank).id)
    }

    func isRoot(of key: Identifier) -> Certainty {
        isUnsure ? .unsure : nodes[root(of: key)] == local ? .yes : .no
    }
}

/// A node's lane with one peerlet in it.
final class Bench {
    static let start = Now(
        instant: Instant(nanoseconds: 5_000_000_000),
        wall: WallTime(milliseconds: 1_700_000_000_000)
    )

    let peerlet: LoadedPeerlet
    let instance: InstanceID
    let machines: MachineStore
    var store = MemoryStore()
    var ring = FullRing(size: 8, local: 3)
    var configured: [ConfiguredRange]?
    var limits = UpcallLimits()
    var now = Bench.start
    var fuel: UInt64 = 10_000_000
    var spareBudget: UInt64 = 0
    var clients: [UInt64] = [1, 2]
    var peers = PeerObservations()
    var parameters: [UInt8] = []
    var pending: [StoreBatch] = []
    var seed: UInt64 = 99
    private var invocations: UInt64 = 0

    static let nodeKey = try! PrivateKey(seed: [UInt8](repeating: 7, count: 32))
    static let rootKey = try! PrivateKey(seed: [UInt8](repeating: 8, count: 32))

    init(
        _ image: ProgramImage,
        key: Identifier? = nil,
        type: Manifest.ApplicationType = .endNode,
        isSigning: Bool = true
    ) throws {
        var draft = ManifestDraft(name: "script", version: 3)
        draft.applicationType = type
        let bytes = try PackageWriter.build(draft, image: image, signer: Bench.rootKey)
        let package = try PackageReader.inspect(bytes)
        let application = try #require(package.manifest.application)
        peerlet = LoadedPeerlet(
            application: application,
            digest: package.digest,
            manifest: package.manifest,
            program: try Verifier.verify(package.programImage())
        )
        instance = InstanceID(application: application, key: key)
        let signer = isSigning ? NodeKeySigner(Bench.nodeKey) : nil
        machines = MachineStore(environment: MachineEnvironment(signer: signer))
        limits.storeBytes = 1 << 20
        limits.timers = 4
        limits.requests = 4
    }

    convenience init(_ script: Script, type: Manifest.ApplicationType = .endNode) throws {
        try self.init(script.image, type: type)
    }

    /// Builds a script and the bench for it.
    static func running(_ build: (inout Script) -> Void) throws -> Bench {
        var script = Script()
        build(&script)
        return try Bench(script)
    }

    var space: StoreSpace { .application(instance.application) }

    func invocation(_ event: UpcallEvent = UpcallEvent(.deliver), isFresh: Bool) -> Invocation {
        invocations += 1
        var invocation = Invocation(
            id: invocations,
            instance: instance,
            peerlet: peerlet,
            isFresh: isFresh,
            event: event,
            ring: RingView(epoch: 17, routing: ring, configured: configured),
            now: now,
            fuel: fuel,
            limits: limits
        )
        invocation.spareBudget = spareBudget
        invocation.firstToken = 100
        invocation.firstTimer = 200
        invocation.seed = seed
        invocation.secret = [1, 2, 3]
        invocation.parameters = parameters
        invocation.clients = clients
        invocation.peers = peers
        invocation.pendingBatches = pending
        return invocation
    }

    /// Runs one upcall on a machine that is new with the first, and accepts it.
    @discardableResult
    func run(_ event: UpcallEvent = UpcallEvent(.deliver)) -> ExecutionReport {
        let invocation = invocation(event, isFresh: !machines.contains(instance))
        let report = machines.run(invocation, reader: store)
        machines.finish(invocation.id, isAccepted: true)
        return report
    }

    /// Runs, and makes the writes durable.
    @discardableResult
    func commit(_ event: UpcallEvent = UpcallEvent(.deliver)) -> ExecutionReport {
        let report = run(event)
        store.apply(report.batch)
        store.sync()
        return report
    }

    func result(_ slot: Int) -> Int64 { number(at: Script.results + 8 * Int64(slot)) }

    func error(_ slot: Int) -> HostError? { HostError(rawValue: result(slot)) }

    func number(at address: Int64) -> Int64 {
        memory(address, 8).reversed().reduce(0) { $0 << 8 | Int64($1) }
    }

    func memory(_ address: Int64, _ count: Int) -> [UInt8] {
        machines.memory(of: instance, at: UInt64(address), count: count) ?? []
    }

    func identifier(at address: Int64) -> Identifier { Identifier(bytes: memory(address, 32))! }

    func handles(at address: Int64, _ count: Int) -> [NodeHandle] {
        (0..<count).map { try! NodeHandle(wireBytes: memory(address + Int64($0) * 64, 64), "node") }
    }
}

extension Identifier {
    /// A small number.
    static func number(_ value: UInt64) -> Identifier { Identifier(words: (0, 0, 0, value)) }

    /// A position in the ring by its leading word.
    static func leading(_ value: UInt64) -> Identifier { Identifier(words: (value, 0, 0, 0)) }
}
