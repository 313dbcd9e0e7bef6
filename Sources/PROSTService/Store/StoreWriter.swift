internal import Foundation
package import NIOCore
package import PeerletRuntime
internal import Synchronization

/// Group commit on a thread of its own: everything that waits becomes durable in one transaction
/// (`Spec/node.md` §7).
package final class StoreWriter: Sendable {
    private struct Waiting: Sendable {
        var number: UInt64
        var batch: StoreBatch
    }

    private struct State {
        var waiting: [Waiting] = []
        /// Fulfilled when the thread ends; nil while it is to go on.
        var closing: EventLoopPromise<Void>?
        /// Once a commit has failed nothing is acknowledged any more.
        var failure: StoreError?
    }

    private let store: SQLiteStore
    private let state = Mutex(State())
    private let signal = DispatchSemaphore(value: 0)
    private let report: @Sendable (UInt64, StoreError?) -> Void

    /// `report` is called on the writer's thread, in the order of the batches.
    package init(
        store: SQLiteStore,
        report: @escaping @Sendable (UInt64, StoreError?) -> Void
    ) {
        self.store = store
        self.report = report
        let thread = Thread { [self] in run() }
        thread.name = "store"
        thread.start()
    }

    package func commit(_ batch: StoreBatch, number: UInt64) {
        state.withLock { $0.waiting.append(Waiting(number: number, batch: batch)) }
        signal.signal()
    }

    /// Writes what waits and ends the thread, without keeping `eventLoop` from its work meanwhile;
    /// to be called once.
    package func close(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = eventLoop.makePromise(of: Void.self)
        state.withLock { $0.closing = promise }
        signal.signal()
        return promise.futureResult
    }

    private func run() {
        while true {
            signal.wait()
            let (group, closing, failure) = state.withLock { state in
                defer { state.waiting = [] }
                return (state.waiting, state.closing, state.failure)
            }
            if !group.isEmpty { write(group, failure) }
            if let closing { return closing.succeed(()) }
        }
    }

    private func write(_ group: [Waiting], _ earlier: StoreError?) {
        var failure = earlier
        if failure == nil {
            do throws(StoreError) {
                try store.commit(group.map(\.batch))
            } catch {
                failure = error
                let failed = error
                state.withLock { $0.failure = failed }
            }
        }
        for item in group { report(item.number, failure) }
    }
}
