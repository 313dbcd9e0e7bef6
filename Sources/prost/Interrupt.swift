internal import ArgumentParser
internal import Dispatch
internal import Foundation
internal import Synchronization

/// What a command that stays hears of: Ctrl-C, SIGTERM, with a lifeline the end of standard input,
/// and what its processes come to.
final class Interrupt {
    enum Event: Sendable {
        case interrupted
        case ended(node: String, NodeProcess.End)
    }

    /// Everything since the command began, in order; who posts may do so from any thread.
    let events: AsyncStream<Event>
    let post: AsyncStream<Event>.Continuation
    private let flag = InterruptFlag()
    // Only held: a source that is let go hears nothing.
    private var sources: [any DispatchSourceProtocol] = []

    init(hasLifeline: Bool) {
        (events, post) = AsyncStream.makeStream(of: Event.self)
        let raise: @Sendable (Int32) -> Void = { [flag, post] code in
            flag.raise(code)
            post.yield(.interrupted)
        }
        for number in [SIGINT, SIGTERM] {
            sources.append(SignalSource.watch(number) { raise(128 + number) })
        }
        if hasLifeline { sources.append(Lifeline.watch { raise(128 + SIGTERM) }) }
    }

    var isRaised: Bool { flag.code != nil }

    /// Throws the exit code if the command was interrupted before it was done.
    func check() throws {
        if let code = flag.code { throw ExitCode(code) }
    }
}

/// Raised from any thread, once.
private final class InterruptFlag: Sendable {
    private let first = Mutex<Int32?>(nil)

    var code: Int32? { first.withLock { $0 } }

    func raise(_ code: Int32) { first.withLock { $0 = $0 ?? code } }
}
