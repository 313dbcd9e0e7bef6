package import SansIO

/// How long the steps of a lane take, at one look at the monotonic clock for each.
///
/// A thread's own clock is a system call, which takes as long as a short upcall. It is asked only
/// after a step in which the thread may have lost the processor.
package struct StepClock {
    private var last: Instant
    private var lastThread: Instant
    /// Told since the thread's clock was asked.
    private var told = TimeSpan.zero

    /// Steps this long are asked about.
    package static let long = TimeSpan.microseconds(20)

    package init(monotonic: Instant, thread: Instant) {
        last = monotonic
        lastThread = thread
    }

    /// After a pause, or other work than steps.
    package mutating func resume(at monotonic: Instant) { last = monotonic }

    /// Processor time of the step that ends now and began at the last one's end, or at `resume`.
    package mutating func stepEnds(at monotonic: Instant, thread: () -> Instant) -> TimeSpan {
        let elapsed = monotonic.since(last)
        last = monotonic
        guard elapsed >= Self.long else {
            told = told + elapsed
            return elapsed
        }
        let now = thread()
        let used = now.since(lastThread).nanoseconds
        let time = used > told.nanoseconds ? used - told.nanoseconds : 0
        lastThread = now
        told = .zero
        return min(elapsed, TimeSpan(nanoseconds: time))
    }
}
