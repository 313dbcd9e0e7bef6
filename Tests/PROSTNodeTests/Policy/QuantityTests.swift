import PROSTNode
import Testing

struct QuantityTests {
    @Test(arguments: [
        ("0", 0), ("200", 200), ("200k", 200_000), ("1.5M", 1_500_000), ("2 G", 2_000_000_000),
        ("1_000", 1000), ("0.001k", 1), ("18446744073709551615", UInt64.max),
    ])
    func `counts are exact`(_ text: String, _ value: UInt64) throws {
        #expect(try Quantity.parseCount(text) == value)
    }

    @Test(arguments: [
        ("16MiB", 16 << 20), ("64KiB", 65536), ("1.5KiB", 1536), ("4096", 4096), ("4kB", 4000),
        ("7B", 7),
    ])
    func `sizes are in bytes`(_ text: String, _ value: UInt64) throws {
        #expect(try Quantity.parseBytes(text) == value)
    }

    static let malformed: [(String, Quantity.Malformed)] = [
        ("", .empty), ("-1", .negative), ("x", .notANumber), (".5k", .notANumber),
        ("1.", .notANumber), ("1.2.3", .notANumber), ("_", .notANumber), ("1.5", .fraction),
        ("1.0005k", .fraction), ("1.0000000000001k", .fraction), ("5x", .unknownUnit("x")),
        ("5MiB", .unknownUnit("MiB")), ("18446744073709551616", .overflow),
        ("99999999999999999999T", .overflow), ("18446744073709552k", .overflow),
        ("٣", .notANumber),
    ]

    @Test(arguments: malformed)
    func `what is not a count says why`(_ text: String, _ error: Quantity.Malformed) {
        #expect(throws: error) { try Quantity.parseCount(text) }
    }

    @Test func `a rate needs its unit and a duration too`() throws {
        #expect(try Quantity.parseRate("2M/s") == 2_000_000)
        #expect(throws: Quantity.Malformed.unknownUnit("")) { try Quantity.parseRate("2M") }
        #expect(try Quantity.parseDuration("1.5s") == 1_500_000_000)
        #expect(throws: Quantity.Malformed.unknownUnit("")) { try Quantity.parseDuration("10") }
    }

    @Test func `figures are printed short`() {
        let counts: [UInt64] = [0, 9999, 10_000, 2_410_000, 2_000_000, 123_456_789, .max]
        #expect(
            counts.map(Quantity.count)
                == ["0", "9999", "10k", "2.41M", "2M", "123M", "18446744T"]
        )
        #expect(
            [0, 1023, 1 << 20, 25_165_824, 1_600_000].map(Quantity.bytes)
                == ["0B", "1023B", "1MiB", "24MiB", "1.52MiB"]
        )
    }
}
