import PeerletRuntime
import SansIO
import Testing

@Suite struct StepClockTests {
    private static func at(_ microseconds: UInt64) -> Instant {
        Instant(nanoseconds: microseconds * 1000)
    }

    private var clock = StepClock(monotonic: at(1000), thread: at(50))

    @Test mutating func `a short step takes what the monotonic clock says, unasked`() {
        let time = clock.stepEnds(at: Self.at(1003)) {
            Issue.record("the thread's clock was asked")
            return Self.at(0)
        }
        #expect(time == .microseconds(3))
    }

    @Test mutating func `a long step takes the thread's time less what earlier steps took`() {
        _ = clock.stepEnds(at: Self.at(1010)) { Self.at(0) }
        let time = clock.stepEnds(at: Self.at(6010)) { Self.at(50 + 10 + 900) }
        #expect(time == .microseconds(900))
    }

    @Test mutating func `what lies before a resumption counts for no step`() {
        clock.resume(at: Self.at(9000))
        let time = clock.stepEnds(at: Self.at(9100)) { Self.at(8000) }
        #expect(time == .microseconds(100))
        #expect(clock.stepEnds(at: Self.at(9101)) { Self.at(0) } == .microseconds(1))
    }
}
