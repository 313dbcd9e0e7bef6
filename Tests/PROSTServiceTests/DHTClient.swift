import Cryptography
import Foundation
import KBR
import NIOCore
import PROSTNode
import PeerletPackage
import SansIO
import Synchronization

/// Writes counters under keys and checks that no read returns less than what was acknowledged.
final class CounterLoad: Sendable {
    private struct State {
        /// Highest counter acknowledged, and highest ever tried, by key.
        var acknowledged: [Int: Int] = [:]
        var tried: [Int: Int] = [:]
        var inFlight: Set<Int> = []
        /// Until when a write that failed may still be done, by key.
        var uncertainUntil: [Int: Date] = [:]
        var violations: [String] = []
        var writes = 0
        var reads = 0
        var retries = 0
    }

    /// Seconds for one try.
    private static let patience = 3.0

    private let ring: ProcessRing
    private let state = Mutex(State())
    let run = UUID().uuidString

    init(_ ring: ProcessRing) { self.ring = ring }

    var violations: [String] { state.withLock { $0.violations } }
    var figures: (writes: Int, reads: Int, retries: Int) {
        state.withLock { ($0.writes, $0.reads, $0.retries) }
    }

    func name(_ key: Int) -> String { "\(run)/\(key)" }

    /// The keys that are being written now, in order.
    var keysInFlight: [Int] { state.withLock { $0.inFlight.sorted() } }

    /// Overwrites a key with the next counter, again and again until it is acknowledged.
    ///
    /// A try that failed may be done until its time is over; the next value waits for that.
    func write(_ key: Int, seed: inout DeterministicRandom) async throws {
        while let wait = state.withLock({ $0.uncertainUntil[key] })?.timeIntervalSinceNow, wait > 0
        {
            try await Task.sleep(for: .seconds(wait))
        }
        let value = state.withLock { state in
            let value = (state.tried[key] ?? 0) + 1
            state.tried[key] = value
            state.inFlight.insert(key)
            return value
        }
        defer { state.withLock { _ = $0.inFlight.remove(key) } }
        let payload = Array("\(value)".utf8)
        _ = try await retrying("put \(key)", using: &seed) { node in
            let end = Date().addingTimeInterval(Self.patience + 0.5)
            let answer = try? await call("put", key, payload, at: node)
            if answer?.status == .done { return answer }
            state.withLock { $0.uncertainUntil[key] = end }
            return nil
        }
        state.withLock {
            $0.acknowledged[key] = value
            $0.writes += 1
        }
    }

    func read(_ key: Int, seed: inout DeterministicRandom) async throws {
        let least = state.withLock { $0.acknowledged[key] }
        guard let least else { return }
        let answer = try await retrying("get \(key)", using: &seed) { node in
            let answer = try await call("get", key, [], at: node)
            switch answer.status {
            case .done: return answer
            // Absent is an answer, and here a wrong one.
            case .negative where answer.document["status"] == .integer(-3): return answer
            default: return nil
            }
        }
        var found: Int?
        if case .bytes(let bytes)? = answer.document["payload"] {
            found = Int(String(decoding: bytes, as: UTF8.self))
        }
        state.withLock { state in
            state.reads += 1
            let most = state.tried[key] ?? 0
            if let found, found >= least, found <= most { return }
            state.violations.append(
                "\(Date()) key at \(Identifier.key(named: name(key))) "
                    + "\(name(key)): read \(found.map(String.init) ?? "nothing"), acknowledged \(least), "
                    + "tried \(most), answer \(answer)"
            )
        }
    }

    private func call(
        _ method: String,
        _ key: Int,
        _ payload: [UInt8],
        at node: Int
    ) async throws -> ClientResponse {
        try await ring.ask(
            .call(
                ClientCall(
                    application: "dht",
                    method: method,
                    key: .key(named: name(key)),
                    payload: payload,
                    fuel: 4_000_000,
                    timeoutMilliseconds: UInt32(Self.patience * 1000)
                )
            ),
            at: node,
            within: .seconds(6)
        )
    }

    /// Tries random running nodes until one gives an answer; an UNSURE or error is no answer.
    private func retrying(
        _ what: String,
        using seed: inout DeterministicRandom,
        _ body: (Int) async throws -> ClientResponse?
    ) async throws -> ClientResponse {
        let deadline = Date().addingTimeInterval(40)
        while Date() < deadline {
            let running = (0..<ring.count).filter { ring.isRunning($0) }
            if let node = running.randomElement(using: &seed),
                let answer = try? await body(node)
            {
                return answer
            }
            state.withLock { $0.retries += 1 }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw RingFailure("\(what) had no good answer in 40 s")
    }
}
