import SansIO
import Testing

@Suite struct WallTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00Z"),
        (68_169_599_999, "1972-02-28T23:59:59Z"),
        (68_169_600_000, "1972-02-29T00:00:00Z"),
        (951_868_799_000, "2000-02-29T23:59:59Z"),
        (951_868_800_000, "2000-03-01T00:00:00Z"),
        (1_801_396_800_000, "2027-01-31T12:00:00Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59Z"),
    ])
    func `a time is shown as date and time of day in UTC`(milliseconds: UInt64, text: String) {
        #expect("\(WallTime(milliseconds: milliseconds))" == text)
    }

    @Test func `the last time that can be written is shown too`() {
        #expect("\(WallTime(milliseconds: .max))" == "584556019-04-03T14:25:51Z")
    }
}
