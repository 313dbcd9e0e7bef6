internal import Foundation
internal import PROSTExperiment
internal import Synchronization

/// Plays runs in processes of their own, several at a time.
final class RunQueue: Sendable {
    struct Outcome: Sendable {
        var number: Int
        var result: RunResult?
        /// What the process wrote when it failed.
        var error: String
    }

    private struct State {
        var waiting: [Experiment.Run]
        var running: [Int: RunExecution.Progress] = [:]
        var finished = 0
    }

    private let arguments: [String]
    private let state: Mutex<State>
    private let total: Int
    private let start = Date()
    private let labels: [Int: String]

    /// - Parameter arguments: those of `single-run` but the run's number.
    init(_ runs: [Experiment.Run], arguments: [String]) {
        self.arguments = arguments
        total = runs.count
        labels = Dictionary(runs.map { ($0.number, $0.label) }, uniquingKeysWith: { $1 })
        state = Mutex(State(waiting: runs))
    }

    /// Plays all of them; `finished` is called for one run at a time.
    func play(jobs: Int, finished: @escaping @Sendable (Outcome) -> Void) {
        let group = DispatchGroup()
        let order = DispatchQueue(label: "outcomes")
        for _ in 0..<max(1, min(jobs, total)) {
            let worker = Thread { [self] in
                while let run = state.withLock({
                    $0.waiting.isEmpty ? nil : $0.waiting.removeFirst()
                }) {
                    let outcome = play(run)
                    order.sync { finished(outcome) }
                    state.withLock {
                        $0.running[run.number] = nil
                        $0.finished += 1
                    }
                }
                group.leave()
            }
            group.enter()
            worker.start()
        }
        group.wait()
        Terminal.status("")
    }

    private func play(_ run: Experiment.Run) -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.ownPath)
        process.arguments = ["single-run"] + arguments + ["--run", "\(run.number)"]
        // Large pages: a run reads and writes all of its memory all the time.
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"],
            uniquingKeysWith: { own, _ in own }
        )
        let output = Pipe()
        let errors = Pipe()
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch {
            return Outcome(number: run.number, error: "\(error.localizedDescription)")
        }
        // Read beside the output, since a full pipe would stop the run.
        let said = Mutex(Data())
        let saying = DispatchGroup()
        let handle = errors.fileHandleForReading
        DispatchQueue(label: "errors").async(group: saying) {
            let data = (try? handle.readToEnd()) ?? Data()
            said.withLock { $0 = data }
        }
        var result: RunResult?
        var rest: [UInt8] = []
        while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
            rest += data
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Data(rest[..<end])
                rest.removeFirst(end + 1)
                guard let said = try? JSONDecoder().decode(SingleRunLine.self, from: line) else {
                    continue
                }
                if let progress = said.progress { show(progress, of: run) }
                result = said.result ?? result
            }
        }
        process.waitUntilExit()
        saying.wait()
        return Outcome(
            number: run.number,
            result: process.terminationStatus == 0 ? result : nil,
            error: said.withLock { String(decoding: $0, as: UTF8.self) }
        )
    }

    private static var ownPath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
    }

    // MARK: Progress

    private func show(_ progress: RunExecution.Progress, of run: Experiment.Run) {
        let (running, done) = state.withLock { state in
            state.running[run.number] = progress
            return (state.running, state.finished)
        }
        let parts = running.values.reduce(0.0) {
            $0 + $1.virtualSeconds / max($1.virtualTotal, 1e-9)
        }
        let share = (Double(done) + parts) / Double(max(total, 1))
        let elapsed = Date().timeIntervalSince(start)
        let left = share > 0.005 ? Self.span(elapsed / share - elapsed) : "?"
        let speed = running.values.reduce(0) { $0 + $1.eventsPerSecond }
        Terminal.status(
            "[\(done)/\(total)] \(labels[run.number] ?? "")  virtual "
                + "\(Int(progress.virtualSeconds))/\(Int(progress.virtualTotal)) s  "
                + "\(Int(speed / 1000))k events/s  \(left) left"
        )
    }

    private static func span(_ seconds: Double) -> String {
        seconds < 100 ? "\(Int(seconds)) s" : "\(Int(seconds / 60)) min"
    }
}
