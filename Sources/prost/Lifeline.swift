internal import Dispatch
internal import Foundation

/// Standard input as the sign of life of the process that started this one.
///
/// The kernel ends it however that process dies, kill -9 included.
enum Lifeline {
    /// Calls `body` once standard input has ended.
    static func watch(_ body: @escaping @Sendable () -> Void) -> any DispatchSourceProtocol {
        let source = DispatchSource.makeReadSource(fileDescriptor: STDIN_FILENO, queue: .global())
        source.setEventHandler(
            handler: DispatchWorkItem {
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = unsafe read(STDIN_FILENO, &bytes, bytes.count)
                let isInterrupted = count < 0 && (errno == EINTR || errno == EAGAIN)
                guard count <= 0, !isInterrupted else { return }
                source.cancel()
                body()
            }
        )
        source.resume()
        return source
    }
}
