internal import Glibc

/// What this process has used so far.
enum ProcessFigures {
    /// User and system time, seconds.
    static var processorSeconds: Double {
        let usage = own
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    /// Most memory at one time, bytes.
    static var peakBytes: UInt64 { UInt64(clamping: own.ru_maxrss) * 1024 }

    private static var own: rusage {
        var usage = rusage()
        unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage
    }

    private static func seconds(_ time: timeval) -> Double {
        Double(time.tv_sec) + Double(time.tv_usec) / 1e6
    }
}
