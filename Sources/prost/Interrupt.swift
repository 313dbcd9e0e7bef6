internal import ArgumentParser
internal import Dispatch
internal import Foundation
internal import Synchronization

/// What ends a command that would stay: Ctrl-C, SIGTERM, or with a lifeline the end of standard
/// input.
final class Interrupt {
    private let flag = InterruptFlag()
    // Only held: a source that is let go hears nothing.
    private var sources: [any DispatchSourceProtocol] = []

    init(hasLifeline: Bool) {
        let flag = flag
        for number in [SIGINT, SIGTERM] {
            sources.append(SignalSource.watch(number) { flag.raise(128 + number) })
        }
        if hasLifeline { sources.append(Lifeline.watch { flag.raise(128 + SIGTERM) }) }
    }

    /// Throws the exit code if the command was interrupted before it was done.
    func check() throws {
        if let code = flag.code { throw ExitCode(code) }
    }

    func wait() async { await flag.wait() }
}

/// Raised from any thread, once.
private final class InterruptFlag: Sendable {
    private let first = Mutex<Int32?>(nil)
    private let (stream, continuation) = AsyncStream.makeStream(of: Void.self)

    var code: Int32? { first.withLock { $0 } }

    func raise(_ code: Int32) {
        first.withLock { $0 = $0 ?? code }
        continuation.yield()
    }

    func wait() async {
        for await _ in stream { return }
    }
}
