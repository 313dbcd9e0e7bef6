internal import Dispatch
internal import Foundation

/// A signal as an event of this process instead of its end.
enum SignalSource {
    /// Calls `body` for every such signal, for as long as the source is held.
    static func watch(
        _ number: Int32,
        _ body: @escaping @Sendable () -> Void
    ) -> any DispatchSourceProtocol {
        _ = signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: DispatchWorkItem(block: body))
        source.resume()
        return source
    }
}
