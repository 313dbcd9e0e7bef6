internal import Cryptography
internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import PeerletVM
internal import SansIO
internal import Synchronization

/// An upcall that does nothing, as in a lane: from the mailbox to the settled report, timed.
enum DeliverMeasurement {
    static func time(_ rounds: Int) throws -> Double {
        var code = InstructionEncoder()
        code.append(Instruction(.const, .constant(0)))
        code.append(Instruction(.ret))
        let machines = MachineStore(environment: MachineEnvironment())
        let store = MemoryStore()
        var invocation = try invocation(
            peerlet(image(code.code, pages: 2)),
            limits: UpcallLimits()
        )
        var best = Double.infinity
        for _ in 0..<rounds * 100 {
            let mailbox = Mutex(Array(repeating: invocation, count: 200))
            let start = ProcessTime.thread()
            var clock = StepClock(monotonic: ProcessTime.monotonic, thread: .zero)
            while let work = mailbox.withLock({ $0.popLast() }) {
                let id = work.id
                clock.resume(at: ProcessTime.monotonic)
                var report = machines.run(work, reader: store)
                report.time = clock.stepEnds(at: ProcessTime.monotonic) { .zero }
                guard case .completed(0) = report.outcome else { throw MachineError.limits }
                machines.finish(id, isAccepted: true)
            }
            best = min(best, Double(ProcessTime.thread() - start) / 200)
            invocation.isFresh = false
        }
        return best
    }

    /// A message from the node itself, to run first in a new machine.
    static func invocation(_ peerlet: LoadedPeerlet, limits: UpcallLimits) -> Invocation {
        var event = UpcallEvent(.deliver)
        event.key = peerlet.application.identifier
        event.origin = Alone().local
        event.previous = Alone().local
        return Invocation(
            id: 0,
            instance: InstanceID(application: peerlet.application),
            peerlet: peerlet,
            isFresh: true,
            event: event,
            ring: RingView(epoch: 1, routing: Alone(), configured: nil),
            now: Now(instant: Instant(nanoseconds: 1), wall: WallTime(milliseconds: 1)),
            fuel: 100_000,
            limits: limits
        )
    }

    /// A program whose `deliver` is this code.
    static func image(_ code: [UInt8], pages: UInt32) -> ProgramImage {
        var image = ProgramImage()
        image.memory.initialPages = pages
        image.memory.maximumPages = pages
        image.memory.inboxCapacity = 4096
        image.functions = [.init(parameterCount: 1, resultCount: 1, localCount: 0, code: code)]
        image.exports = [.init(name: Upcall.deliver.name, function: 0)]
        return image
    }

    static func peerlet(_ image: ProgramImage) throws -> LoadedPeerlet {
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
