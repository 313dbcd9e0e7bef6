internal import Cryptography
internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import PeerletVM
internal import SansIO

/// An upcall that does nothing, in a lane: from the invocation to its settled report.
enum DeliverMeasurement {
    static func time(_ rounds: Int) throws -> Double {
        let peerlet = try peerlet()
        let machines = MachineStore(environment: MachineEnvironment())
        let store = MemoryStore()
        var invocation = Invocation(
            id: 0,
            instance: InstanceID(application: peerlet.application),
            peerlet: peerlet,
            isFresh: true,
            event: UpcallEvent(.deliver),
            ring: RingView(epoch: 1, routing: Alone(), configured: nil),
            now: Now(instant: Instant(nanoseconds: 1), wall: WallTime(milliseconds: 1)),
            fuel: 100_000,
            limits: UpcallLimits()
        )
        return try Measurements.best(rounds, calls: 20_000) { count in
            for _ in 0..<count {
                invocation.id += 1
                let report = machines.run(invocation, reader: store)
                guard report.outcome == .completed(result: 0) else { throw MachineError.limits }
                machines.finish(invocation.id, isAccepted: true)
                invocation.isFresh = false
            }
        }
    }

    private static func peerlet() throws -> LoadedPeerlet {
        var code = InstructionEncoder()
        code.append(Instruction(.const, .constant(0)))
        code.append(Instruction(.ret))
        var image = ProgramImage()
        image.memory.initialPages = 2
        image.memory.maximumPages = 2
        image.memory.inboxCapacity = 4096
        image.functions = [
            .init(parameterCount: 1, resultCount: 1, localCount: 0, code: code.code)
        ]
        image.exports = [.init(name: Upcall.deliver.name, function: 0)]
        let key = try PrivateKey(seed: [UInt8](repeating: 1, count: 32))
        let bytes = try PackageWriter.build(
            ManifestDraft(name: "empty", version: 1),
            image: image,
            signer: key
        )
        let package = try PackageReader.inspect(bytes)
        guard let application = package.manifest.application else { throw MachineError.limits }
        return LoadedPeerlet(
            application: application,
            digest: package.digest,
            manifest: package.manifest,
            program: try Verifier.verify(package.programImage())
        )
    }
}

/// A ring that nobody asks.
private struct Alone: CommonAPI {
    let local = NodeHandle(id: .zero, endpoint: Endpoint(127, 0, 0, 1, port: 1), sequence: 1)

    func localLookup(_ key: Identifier, count: Int, safe: Bool) -> [NodeHandle] { [] }
    func neighborSet(count: Int) -> [NodeHandle] { [] }
    func nextHop(toward key: Identifier, avoiding: (Identifier) -> Bool) -> RouteDecision {
        .deliverHere
    }
    func replicaSet(of key: Identifier, count: Int) -> ReplicaSet {
        ReplicaSet(members: [], isComplete: false)
    }
    func range(of node: Identifier, rank: Int, cumulative: Bool) -> RingInterval? { nil }
    func isRoot(of key: Identifier) -> Certainty { .unsure }
}
