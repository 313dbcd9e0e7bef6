import PROSTNode
import SansIO
import Testing

struct TokenBucketTests {
    @Test func `a bucket never gives more than burst and rate allow, nor less`() {
        var random = DeterministicRandom(seed: 9)
        for _ in 0..<50 {
            let rate = 1 + random.below(5_000_000)
            let burst = 1 + random.below(10_000_000)
            var bucket = TokenBucket(rate: rate, burst: burst, at: .zero)
            var now = Instant.zero
            var given = bucket.takeUpTo(.max, at: now)
            for _ in 0..<1000 {
                now = now + .microseconds(random.below(3000))
                given += bucket.takeUpTo(.max, at: now)
            }
            let (high, low) = rate.multipliedFullWidth(by: now.nanoseconds)
            let refilled = UInt64(1_000_000_000).dividingFullWidth((high, low)).quotient
            #expect(given <= burst + refilled)
            // The burst caps a refill only if one step fills it.
            if burst > rate / 100 { #expect(given + 1 >= burst + refilled) }
        }
    }

    @Test func `all or nothing is taken and what is unused comes back`() {
        var bucket = TokenBucket(rate: 10, burst: 100, at: .zero)
        let result1 = bucket.take(101, at: .zero)
        #expect(!result1)
        let result2 = bucket.take(100, at: .zero)
        #expect(result2)
        bucket.giveBack(40, at: .zero)
        let result3 = bucket.available(at: .zero)
        #expect(result3 == 40)
        bucket.giveBack(.max, at: .zero)
        let result4 = bucket.available(at: .zero)
        #expect(result4 == 100)
    }

    @Test func `the time of enough tokens is exact`() {
        var bucket = TokenBucket(rate: 3, burst: 10, at: .zero)
        let result5 = bucket.take(10, at: .zero)
        #expect(result5)
        let result6 = bucket.time(of: 1, at: .zero)
        #expect(result6 == Instant(nanoseconds: 333_333_334))
        let result7 = bucket.available(at: Instant(nanoseconds: 333_333_333))
        #expect(result7 == 0)
        let result8 = bucket.available(at: Instant(nanoseconds: 333_333_334))
        #expect(result8 == 1)
        let result9 = bucket.time(of: 11, at: .zero)
        #expect(result9 == nil)
    }

    @Test func `extreme figures neither trap nor overflow`() {
        for rate in [0, 1, .max] as [UInt64] {
            for burst in [0, 1, .max] as [UInt64] {
                var bucket = TokenBucket(rate: rate, burst: burst, at: .zero)
                let result10 = bucket.takeUpTo(.max, at: .zero)
                #expect(result10 == burst)
                _ = bucket.time(of: burst, at: Instant(nanoseconds: 1))
                let result11 = bucket.available(at: Instant(nanoseconds: .max))
                #expect(result11 <= burst)
                bucket.giveBack(.max, at: .zero)
                let result12 = bucket.available(at: Instant(nanoseconds: .max))
                #expect(result12 == burst)
                bucket.adjust(rate: 1, burst: 5, at: Instant(nanoseconds: .max))
                let result13 = bucket.available(at: Instant(nanoseconds: .max))
                #expect(result13 <= 5)
            }
        }
    }

    @Test func `time that runs backwards gives nothing`() {
        var bucket = TokenBucket(rate: 1000, burst: 10, at: Instant(nanoseconds: 5_000_000_000))
        let result14 = bucket.take(10, at: Instant(nanoseconds: 5_000_000_000))
        #expect(result14)
        let result15 = bucket.available(at: .zero)
        #expect(result15 == 0)
    }
}
