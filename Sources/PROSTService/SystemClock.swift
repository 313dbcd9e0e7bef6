internal import Foundation
package import SansIO

/// The two clocks of the machine, as the core is told of them.
package enum SystemClock {
    package static var now: Now { Now(instant: monotonic, wall: wall) }

    /// Runs on while the machine sleeps, or a lease would outlast its grants
    /// (`Spec/consistency.md` §4.8).
    package static var monotonic: Instant {
        Instant(nanoseconds: unsafe read(CLOCK_BOOTTIME))
    }

    package static var wall: WallTime {
        WallTime(milliseconds: unsafe read(CLOCK_REALTIME) / 1_000_000)
    }

    /// Processor time of the calling thread.
    static var threadTime: Instant {
        Instant(nanoseconds: unsafe read(CLOCK_THREAD_CPUTIME_ID))
    }

    @unsafe private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        guard unsafe clock_gettime(clock, &time) == 0 else { return 0 }
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}
