package import SansIO
internal import Wire

/// Every bound of code loading (`Spec/loading.md` §6).
package struct LoaderLimits: Hashable, Sendable {
    /// Largest package, bytes.
    package var packageBytes = WireLimits.package
    /// Fetches at once: on this node, for one application, and caused by one link.
    package var fetches = 16
    package var fetchesPerApplication = 4
    package var fetchesPerLink = 4
    /// Sources remembered for one fetch.
    package var sources = 8
    /// Messages waiting for code, by application and by the link they came over.
    package var waitingPerApplication = 64
    package var waitingPerLink = 64
    package var waitingBytesPerApplication: UInt64 = 1 << 20
    package var waitingBytesPerLink: UInt64 = 1 << 20
    /// One load, all its sources together.
    package var loadTime = TimeSpan.seconds(30)
    /// A source that is slower than this, bytes per second, after `grace` is left.
    package var minimumRate: UInt64 = 4096
    package var grace = TimeSpan.seconds(5)
    /// A request without an answer is repeated after this, at most `repeats` times.
    package var patience = TimeSpan.seconds(1)
    package var repeats = 3
    /// A source that says it is busy is asked again after `patience`, at most this often.
    package var busyAnswers = 8
    /// Package bytes held in memory and on disk, and packages on disk.
    package var cachedBytes: UInt64 = 32 << 20
    package var storedBytes: UInt64 = 128 << 20
    package var storedPackages = 256
    /// Failures remembered; the one soonest forgotten makes room.
    package var rejections = 1024
    /// How long a failure of the package itself is remembered, and one of its sources.
    package var rejectionTime = TimeSpan.seconds(600)
    package var unavailableTime = TimeSpan.seconds(5)
    /// Load records kept for `app list`.
    package var records = 256

    package init() {}

    /// Why a source that has given so much in such a time is left; nil if it is fast enough.
    func slowness(bytes: UInt64, after span: TimeSpan) -> SourceFailure.Reason? {
        guard span > grace else { return nil }
        let (need, overflow) = minimumRate.multipliedReportingOverflow(by: span.milliseconds)
        guard overflow || bytes < need / 1000 else { return nil }
        return .tooSlow(bytes: bytes, span: span.milliseconds)
    }
}
