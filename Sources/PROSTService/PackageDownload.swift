internal import Foundation
internal import FoundationNetworking
internal import PROSTNode
internal import SansIO

/// Fetches packages from `https:` hosts that the policy allows, and from files that a local client
/// names, off the event loop and never more bytes than allowed (`Spec/loading.md` §2).
enum PackageDownload {
    /// Ends early when its task is cancelled; `progress` hears how many bytes have come.
    static func run(
        _ download: CodeDownload,
        progress: @escaping @Sendable (UInt64) -> Void
    ) async -> Result<[UInt8], SourceFailure> {
        switch download.source {
        case .file(let path): file(path, download)
        case .https(let url): await https(url, download, progress)
        default: failure(download, .absent)
        }
    }

    private static func failure(
        _ download: CodeDownload,
        _ reason: SourceFailure.Reason
    ) -> Result<[UInt8], SourceFailure> {
        .failure(SourceFailure(source: download.source.description, reason: reason))
    }

    private static func file(
        _ path: String,
        _ download: CodeDownload
    ) -> Result<[UInt8], SourceFailure> {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            return failure(download, .absent)
        }
        defer { try? handle.close() }
        do {
            let data = try handle.read(upToCount: download.maximumBytes + 1) ?? Data()
            guard data.count <= download.maximumBytes else {
                return failure(download, .tooLarge(UInt64(data.count)))
            }
            return .success(Array(data))
        } catch {
            return failure(download, .failed(error.localizedDescription))
        }
    }

    private static func https(
        _ text: String,
        _ download: CodeDownload,
        _ progress: @escaping @Sendable (UInt64) -> Void
    ) async -> Result<[UInt8], SourceFailure> {
        guard let url = URL(string: text), url.scheme == "https" else {
            return failure(download, .failed("not an https address"))
        }
        let receiver = BoundedReceiver(limit: download.maximumBytes, progress: progress)
        let settings = URLSessionConfiguration.ephemeral
        settings.timeoutIntervalForRequest = seconds(download.timeout.nanoseconds)
        settings.timeoutIntervalForResource = seconds(download.timeout.nanoseconds)
        let session = URLSession(
            configuration: settings,
            delegate: receiver,
            delegateQueue: nil
        )
        defer { session.finishTasksAndInvalidate() }
        let outcome = await receiver.receive(session.dataTask(with: url))
        return outcome.mapError {
            SourceFailure(source: download.source.description, reason: $0.reason)
        }
    }

    private static func seconds(_ nanoseconds: UInt64) -> Double {
        max(1, Double(nanoseconds) / 1_000_000_000)
    }
}

private struct DownloadFailure: Error {
    var reason: SourceFailure.Reason
}

/// Collects a response and cancels it as soon as it is too long or redirected.
private final class BoundedReceiver: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    private let limit: Int
    private let progress: @Sendable (UInt64) -> Void
    /// When progress was told last: small pieces must not become a flood of news.
    private var told = Instant.zero
    private var bytes: [UInt8] = []
    private var continuation: CheckedContinuation<Result<[UInt8], DownloadFailure>, Never>?

    private static let pause = TimeSpan.milliseconds(200)

    init(limit: Int, progress: @escaping @Sendable (UInt64) -> Void) {
        self.limit = limit
        self.progress = progress
    }

    func receive(_ task: URLSessionDataTask) async -> Result<[UInt8], DownloadFailure> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.continuation = continuation
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
    }

    private func end(_ result: Result<[UInt8], DownloadFailure>) {
        continuation?.resume(returning: result)
        continuation = nil
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest,
        completionHandler: @escaping (URLRequest?) -> Void
    ) {
        // The policy allowed this host, not where it points to.
        completionHandler(nil)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        guard bytes.count + data.count <= limit else {
            dataTask.cancel()
            return end(
                .failure(DownloadFailure(reason: .tooLarge(UInt64(bytes.count + data.count))))
            )
        }
        bytes += data
        let now = SystemClock.monotonic
        guard now.since(told) >= Self.pause else { return }
        told = now
        progress(UInt64(bytes.count))
    }

    func urlSession(
        _ session: URLSession,
        task: URLSessionTask,
        didCompleteWithError error: (any Error)?
    ) {
        if let error {
            return end(
                .failure(DownloadFailure(reason: .failed(error.localizedDescription)))
            )
        }
        let status = (task.response as? HTTPURLResponse)?.statusCode ?? 0
        guard status == 200 else {
            return end(.failure(DownloadFailure(reason: .failed("HTTP status \(status)"))))
        }
        end(.success(bytes))
    }
}
