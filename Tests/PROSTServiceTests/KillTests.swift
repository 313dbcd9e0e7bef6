import Cryptography
import Foundation
import KBR
import PROSTNode
import PeerletPackage
import SansIO
import Testing

/// The store's promise on real processes, sockets and disks (`Spec/consistency.md`): what was
/// acknowledged is never lost or undone, whoever is killed, one at a time.
@Suite(.serialized) struct KillTests {
    private static let keys = 100
    private static let overwrites = 10
    private static let writers = 4

    /// Rounds by default; PROST_KILL_ROUNDS sets another number.
    private static var rounds: Int {
        ProcessInfo.processInfo.environment["PROST_KILL_ROUNDS"].flatMap(Int.init) ?? 20
    }

    /// Picks keys, gateways and victims; the machine's timing is its own.
    ///
    /// PROST_KILL_SEED sets it.
    private static var seed: UInt64 {
        ProcessInfo.processInfo.environment["PROST_KILL_SEED"].flatMap(UInt64.init) ?? 1
    }

    private static func random(_ purpose: String) -> DeterministicRandom {
        DeterministicRandom(seed: seed).stream(purpose)
    }

    @Test func `acknowledged writes survive kill -9 with disks kept, wiped, and during joins`()
        async throws
    {
        let package = try Toolchain.build("PeerletASM/dht/dht.pasm")
        let ring = try ProcessRing(trusting: [("dht", package.root)])
        defer { ring.stop() }
        for _ in 0..<5 { try ring.add() }
        try await ring.waitUntilFormed()
        let deployed = try await ring.ask(.deploy(package: package.bytes, locator: ""), at: 0)
        try #require(deployed.status == .done, "\(deployed)")
        // Every node is a gateway of the load, so every node has the code.
        for index in 1..<5 {
            let answer = try await ring.ask(
                .deploy(package: package.bytes, locator: ""),
                at: index
            )
            try #require(answer.status == .done, "\(answer)")
        }
        let load = CounterLoad(ring)
        for round in 0..<Self.rounds {
            try await play(round, ring, load, package)
            print("kill -9: round \(round) done")
            #expect(load.violations.isEmpty, "\(load.violations)")
            if !load.violations.isEmpty { return print(ring.logs()) }
        }
        let figures = load.figures
        print(
            "kill -9, seed \(Self.seed): \(Self.rounds) rounds, \(figures.writes) writes, \(figures.reads) reads, "
                + "\(figures.retries) retries, 0 violations"
        )
        #expect(figures.writes == Self.rounds * Self.keys * Self.overwrites)
    }

    /// One round: all keys are overwritten and read while one node dies and comes back.
    private func play(
        _ round: Int,
        _ ring: ProcessRing,
        _ load: CounterLoad,
        _ package: Toolchain.Built
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<Self.writers {
                group.addTask {
                    var seed = Self.random("writer \(writer) of round \(round)")
                    for _ in 0..<Self.overwrites {
                        for key in stride(from: writer, to: Self.keys, by: Self.writers) {
                            try await load.write(key, seed: &seed)
                            try await load.read(
                                Int.random(in: 0..<Self.keys, using: &seed),
                                seed: &seed
                            )
                        }
                    }
                }
            }
            group.addTask {
                try await Self.disturb(round, ring, load, package)
            }
            try await group.waitForAll()
        }
        try await ring.waitUntilReplicated()
        var seed = Self.random("reader of round \(round)")
        for key in 0..<Self.keys { try await load.read(key, seed: &seed) }
    }

    /// Kills one node: in every second round a replica of a key that is being written.
    private static func disturb(
        _ round: Int,
        _ ring: ProcessRing,
        _ load: CounterLoad,
        _ package: Toolchain.Built
    ) async throws {
        try await ring.waitUntilReplicated()
        let isJoining = round % 5 == 4
        var joined: Int?
        if isJoining { joined = try ring.add() }
        var seed = random("victim of round \(round)")
        let victim =
            round.isMultiple(of: 2)
            ? replica(of: load, ring, &seed) : Int(seed.below(5))
        let old = ring.member(victim).id
        let isWiped = round % 4 == 3
        ring.kill(victim)
        try await Task.sleep(for: .milliseconds(round.isMultiple(of: 3) ? 0 : 300))
        try ring.restart(victim, wiping: isWiped)
        // Its replicas are missing from now on, and must be missed before the next one falls.
        if isWiped { try await ring.waitUntilForgotten(old) }
        try await deploy(package, victim, ring)
        if let joined { try await deploy(package, joined, ring) }
        try await ring.waitUntilReplicated()
        if let joined {
            // Back to five nodes: the newcomer leaves properly.
            #expect(ring.terminate(joined) == 0)
        }
    }

    private static func deploy(
        _ package: Toolchain.Built,
        _ index: Int,
        _ ring: ProcessRing
    ) async throws {
        for _ in 0..<100 {
            let answer = try? await ring.ask(
                .deploy(package: package.bytes, locator: ""),
                at: index
            )
            if answer?.status == .done { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw RingFailure("node \(index) does not take the package")
    }

    /// One of the three nodes at and after a key in flight.
    private static func replica(
        of load: CounterLoad,
        _ ring: ProcessRing,
        _ seed: inout DeterministicRandom
    ) -> Int {
        guard let key = load.keysInFlight.randomElement(using: &seed) else {
            return Int(seed.below(5))
        }
        let point = Identifier.key(named: load.name(key))
        let order = (0..<5).sorted { left, right in
            let a = Identifier(hexadecimal: ring.member(left).id) ?? .zero
            let b = Identifier(hexadecimal: ring.member(right).id) ?? .zero
            return (a &- point) < (b &- point)
        }
        return order[Int(seed.below(3))]
    }
}

/// The command-line tools, built beside the test bundle.
enum Toolchain {
    struct Built: Sendable {
        var bytes: [UInt8]
        var root: PublicKey
    }

    static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func build(_ source: String) throws -> Built {
        let tool = URL(fileURLWithPath: ProcessRing.program).deletingLastPathComponent()
            .appendingPathComponent("prost-asm")
        let folder = NSTemporaryDirectory() + "prost-build-" + UUID().uuidString
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = tool
        process.arguments = [
            "build", repository.appendingPathComponent(source).path, "-o", folder + "/out.peerlet",
        ]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw RingFailure("\(source) does not build") }
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/out.peerlet")))
        return Built(bytes: bytes, root: try PackageReader.inspect(bytes).manifest.rootKey)
    }
}
