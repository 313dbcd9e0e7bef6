internal import Foundation
internal import NIOCore
internal import PROSTNode
internal import PROSTService
internal import Synchronization

/// What tells the daemon to end or to read its policy again, handled on the event loop.
final class SignalWatch {
    private var sources: [any DispatchSourceProtocol] = []

    /// - Parameter isLifeline: whether the node ends with its standard input.
    init(
        loop: any EventLoop,
        service: NIOLoopBound<NodeService>,
        policy: String?,
        isLifeline: Bool
    ) {
        let stops = SignalCount()
        for number in [SIGTERM, SIGINT] {
            sources.append(
                SignalSource.watch(number) {
                    if stops.increment() > 1 { exit(130) }
                    loop.execute { service.value.input(.leave) }
                }
            )
        }
        sources.append(
            SignalSource.watch(SIGHUP) {
                guard let policy else { return }
                loop.execute { service.value.reloadPolicy(policy) }
            }
        )
        if isLifeline {
            sources.append(
                Lifeline.watch { loop.execute { service.value.input(.leave) } }
            )
        }
    }

    func stop() { for source in sources { source.cancel() } }
}

/// Counts signals from any thread.
private final class SignalCount: Sendable {
    private let count = Mutex(0)

    func increment() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
