internal import ArgumentParser
internal import Cryptography
internal import KBR
internal import NIOCore
internal import PROSTNode
internal import PROSTService
internal import PeerletPackage
internal import SansIO
internal import Synchronization

/// An open load on a peerlet: calls are sent at a fixed rate, whether answers come or not.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Call a method at a fixed rate and show the latencies.",
        discussion: """
            Calls are sent when they are due and timed from then, so that a slow node
            cannot slow the load down. Keys are key-0, key-1, … in turn; further nodes
            share the load. A call that fails or has no answer counts in the latencies as
            one that took until the time-out.

            EXAMPLES
              prost bench dht put --rate 100 --seconds 10 --size 100 --node n1 --also n2
            """
    )

    @Argument(help: "The application.")
    var application: String
    @Argument(help: "Methods, called in turn.")
    var methods: [String]
    @Option(name: .long, help: "Calls per second in all.")
    var rate = 100
    @Option(name: .long, help: "How long to send.")
    var seconds = 10
    @Option(name: .long, help: "Number of keys.")
    var keys = 500
    @Option(name: .long, help: "Bytes of payload.")
    var size = 100
    @Option(name: .long, help: "Fuel of each call.")
    var fuel: UInt64 = 4_000_000
    @Option(name: .long, help: "Milliseconds to wait for each answer.")
    var timeout: UInt32 = 5000
    @Option(name: .long, help: "A further node to call at; may be repeated.")
    var also: [String] = []
    @OptionGroup var target: NodeTarget

    func validate() throws {
        guard (1...100_000).contains(rate), (1...86_400).contains(seconds), keys > 0,
            (0...60_000).contains(size)
        else {
            throw ValidationError(
                "rate is 1 to 100000, seconds 1 to 86400, keys above zero, size 0 to 60000"
            )
        }
    }

    func run() async throws {
        try await reporting(asJSON: target.json) {
            var targets = [target]
            for name in also {
                var other = try NodeTarget.parse([])
                other.node = name
                targets.append(other)
            }
            var clients: [NodeClient] = []
            for target in targets { clients.append(try await NodeClient.connect(target)) }
            let latencies = Latencies()
            try await drive(clients, latencies)
            for client in clients { await client.close() }
            let figures = latencies.document(
                rate: rate,
                seconds: seconds,
                timeoutMilliseconds: timeout
            )
            let cause = figures["first_error"]?.plainText ?? "no answer came in time"
            if figures.integer("answered") == 0 {
                if !target.json { show(figures) }
                throw CommandFailure(
                    .negative,
                    "no call was answered: \(cause)",
                    hint: "try one: prost call \(application) \(methods[0]) --key key-0",
                    details: figures
                )
            }
            if target.json { return print(JSONText.line(figures)) }
            show(figures)
            if figures.integer("failed") > 0 { Terminal.error("first failure: \(cause)") }
        }
    }

    private func show(_ figures: Document) {
        print(
            "sent \(figures.text("sent"))  answered \(figures.text("answered"))  "
                + "failed \(figures.text("failed"))  lost \(figures.text("lost"))"
        )
        print(
            "latency us: p50 \(figures.text("p50_us"))  p95 \(figures.text("p95_us"))  "
                + "p99 \(figures.text("p99_us"))  max \(figures.text("max_us"))"
        )
    }

    /// Sends every call when it is due and collects answers meanwhile.
    private func drive(_ clients: [NodeClient], _ latencies: Latencies) async throws {
        let total = rate * seconds
        let start = SystemClock.monotonic
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients {
                group.addTask { try await collect(client, latencies, total) }
            }
            for number in 0..<total {
                let due =
                    start
                    + TimeSpan(nanoseconds: UInt64(number) * 1_000_000_000 / UInt64(rate))
                let wait = due.since(SystemClock.monotonic)
                if wait > .zero { try await Task.sleep(for: .nanoseconds(Int64(wait.nanoseconds))) }
                latencies.sent(number, at: due)
                try await clients[number % clients.count].send(
                    .call(
                        ClientCall(
                            application: application,
                            method: methods[number % methods.count],
                            key: .key(named: "key-\(number / methods.count % keys)"),
                            payload: [UInt8](repeating: 0x78, count: size),
                            fuel: fuel,
                            timeoutMilliseconds: timeout
                        )
                    ),
                    number: UInt64(number)
                )
            }
            let patience = SystemClock.monotonic + .milliseconds(UInt64(timeout) + 1000)
            while latencies.open > 0, SystemClock.monotonic < patience {
                try await Task.sleep(for: .milliseconds(10))
            }
            group.cancelAll()
            for client in clients { await client.close() }
        }
    }

    private func collect(
        _ client: NodeClient,
        _ latencies: Latencies,
        _ total: Int
    ) async throws {
        while let response = try? await client.next() {
            guard response.isLast else { continue }
            // Absent keys are answers too.
            let isGood = response.status == .done || response.status == .negative
            latencies.answered(
                response.number,
                isGood ? nil : response.failureText,
                at: SystemClock.monotonic
            )
        }
    }
}

/// When calls were due and how long their answers took.
private final class Latencies: Sendable {
    private struct State {
        var due: [Int: Instant] = [:]
        var micros: [UInt64] = []
        var failed = 0
        var firstError: String?
        var sent = 0
    }

    private let state = Mutex(State())

    var open: Int { state.withLock { $0.due.count } }

    func sent(_ number: Int, at due: Instant) {
        state.withLock {
            $0.due[number] = due
            $0.sent += 1
        }
    }

    func answered(_ number: UInt64, _ error: String?, at now: Instant) {
        state.withLock { state in
            guard let number = Int(exactly: number),
                let due = state.due.removeValue(forKey: number)
            else { return }
            if let error {
                state.failed += 1
                state.firstError = state.firstError ?? error
            } else {
                state.micros.append(now.since(due).nanoseconds / 1000)
            }
        }
    }

    func document(rate: Int, seconds: Int, timeoutMilliseconds: UInt32) -> Document {
        let (micros, failed, sent, lost, firstError) = state.withLock {
            ($0.micros, $0.failed, $0.sent, $0.due.count, $0.firstError)
        }
        let missed = UInt64(timeoutMilliseconds) * 1000
        let times = (micros + Array(repeating: missed, count: failed + lost)).sorted()
        func quantile(_ thousandths: Int) -> Document {
            guard !micros.isEmpty else { return .null }
            return .unsigned(times[min(times.count - 1, times.count * thousandths / 1000)])
        }
        return .object([
            .init("rate", .integer(Int64(rate))), .init("seconds", .integer(Int64(seconds))),
            .init("sent", .integer(Int64(sent))),
            .init("answered", .integer(Int64(micros.count))),
            .init("failed", .integer(Int64(failed))), .init("lost", .integer(Int64(lost))),
            .init("first_error", .optional(firstError)),
            .init("p50_us", quantile(500)), .init("p95_us", quantile(950)),
            .init("p99_us", quantile(990)), .init("max_us", quantile(1000)),
        ])
    }
}
