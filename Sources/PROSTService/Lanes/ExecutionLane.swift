internal import Foundation
package import KBR
package import NIOCore
package import PROSTNode
package import PeerletRuntime
package import SansIO
internal import Synchronization

/// One worker thread that runs upcalls, off the event loop (`Spec/node.md` §3).
///
/// It owns the machines of its instances and gives each a slice of fuel in turn, so that a long
/// upcall does not keep the others waiting.
package final class ExecutionLane: Sendable {
    package enum Work: Sendable {
        case execute(Invocation)
        case finish(UInt64, isAccepted: Bool)
        case drop(InstanceID)
        case check(CodeCheck)
        case rows(UInt64, ApplicationID, RingInterval, after: [UInt8]?)
        case digest(UInt64, ApplicationID, RingInterval)
        case usage(ApplicationID)
        case snapshot(UInt64, InstanceID)
        /// Remove rows that have been expired for a minute: time enough for slow upcalls.
        case expire(WallTime)
    }

    private struct State {
        var work: [Work] = []
        /// Fulfilled when the thread ends; nil while it is to go on.
        var closing: EventLoopPromise<Void>?
    }

    /// Fuel of one slice: about a millisecond.
    private static let slice: UInt64 = 100_000

    private let store: SQLiteStore
    private let environment: MachineEnvironment
    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let deliver: @Sendable (NodeInput) -> Void

    /// `deliver` is called on the lane's thread.
    init(
        number: Int,
        store: SQLiteStore,
        environment: MachineEnvironment,
        deliver: @escaping @Sendable (NodeInput) -> Void
    ) {
        self.store = store
        self.environment = environment
        self.deliver = deliver
        let thread = Thread { [self] in run() }
        thread.name = "lane-\(number)"
        thread.start()
    }

    func submit(_ work: Work) {
        state.withLock { $0.work.append(work) }
        signal.signal()
    }

    /// Drops what waits and ends the thread after the slice that runs; to be called once.
    func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        state.withLock { $0.closing = promise }
        signal.signal()
        return promise.futureResult
    }

    private func run() {
        yieldToEventLoop()
        let machines = MachineStore(environment: environment)
        var running: [(invocation: UInt64, time: TimeSpan)] = []
        var clock = StepClock(monotonic: SystemClock.monotonic, thread: SystemClock.threadTime)
        while true {
            if running.isEmpty { signal.wait() }
            var (work, closing) = state.withLock { state in
                defer { state.work = [] }
                return (state.work, state.closing)
            }
            if let closing { return closing.succeed(()) }
            if !work.isEmpty {
                work.reverse()
                while let item = work.popLast() { carryOut(item, machines, &running) }
                clock.resume(at: SystemClock.monotonic)
            }
            guard !running.isEmpty else { continue }
            var (invocation, time) = running.removeFirst()
            let step = machines.step(invocation, fuel: Self.slice)
            time = time + clock.stepEnds(at: SystemClock.monotonic) { SystemClock.threadTime }
            switch step {
            case .sliceEnded: running.append((invocation, time))
            case .finished(var report):
                report.time = time
                deliver(.execution(report))
            }
        }
    }

    private func carryOut(
        _ work: Work,
        _ machines: MachineStore,
        _ running: inout [(invocation: UInt64, time: TimeSpan)]
    ) {
        switch work {
        case .execute(let invocation):
            machines.begin(invocation, reader: store)
            running.append((invocation.id, .zero))
        case .finish(let invocation, let isAccepted):
            running.removeAll { $0.invocation == invocation }
            machines.finish(invocation, isAccepted: isAccepted)
        case .drop(let instance): machines.drop(instance)
        case .check(let check): deliver(.checked(check.run(reading: store)))
        case .rows(let request, let application, let arc, let after):
            let store = store
            let result = Result { () throws(StoreError) in
                try ArcScan.page(of: store, .application(application), arc, after: after)
            }
            deliver(.rows(request: request, result))
        case .digest(let request, let application, let arc):
            let store = store
            let result = Result { () throws(StoreError) in
                try store.digest(.application(application), in: arc)
            }
            deliver(.digest(request: request, result))
        case .usage(let application):
            // What cannot be counted is taken for full: nothing more is stored.
            var full = StoreUsage()
            full.durableBytes = .max
            let usage = (try? store.usage(of: application)) ?? full
            deliver(.usage(application, usage))
        case .snapshot(let request, let instance):
            let store = store
            let result = Result { () throws(StoreError) in
                try SnapshotRows.read(instance, from: store)
            }
            deliver(.snapshot(request: request, instance, result))
        case .expire(let now):
            let limit = now.milliseconds > 60_000 ? now.milliseconds - 60_000 : 0
            for _ in 0..<16 {
                guard (try? store.removeExpired(before: limit)) == 1000 else { break }
            }
        }
    }

    /// On Linux priorities are those of threads: the event loop comes first.
    private func yieldToEventLoop() {
        _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 5)
    }
}

/// The lanes of one node; an instance always runs in the same one.
package final class LanePool: Sendable {
    private let lanes: [ExecutionLane]

    package init(
        count: Int,
        store: SQLiteStore,
        environment: MachineEnvironment,
        deliver: @escaping @Sendable (NodeInput) -> Void
    ) {
        lanes = (0..<max(count, 1)).map { number in
            ExecutionLane(
                number: number,
                store: store,
                environment: environment,
                deliver: deliver
            )
        }
    }

    package func submit(_ work: ExecutionLane.Work, for instance: InstanceID) {
        let word = instance.application.identifier.words.3 ^ (instance.key?.words.3 ?? 0)
        lanes[Int(word % UInt64(lanes.count))].submit(work)
    }

    /// Work that belongs to no instance: the last lane's, which is the least busy one.
    package func submit(_ work: ExecutionLane.Work) {
        lanes[lanes.count - 1].submit(work)
    }

    /// Completes when no lane touches the store or delivers anything any more.
    package func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        .andAllComplete(lanes.map { $0.close(on: eventLoop) }, on: eventLoop)
    }
}
