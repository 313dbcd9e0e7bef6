/// Times in UTC as text, `2027-01-31T12:00:00.250Z`, and as milliseconds since 1970.
enum CalendarTime {
    private static let day: UInt64 = 86_400_000
    private static let years: ClosedRange<UInt64> = 1970...9999
    /// The first millisecond of the year 10000.
    private static let end: UInt64 = 253_402_300_800_000

    /// Nil if the text is no time of the years 1970 to 9999.
    static func milliseconds(_ text: [UInt8]) -> UInt64? {
        guard text.count >= 10, let days = days(text.prefix(10)) else { return nil }
        let rest = text.dropFirst(10)
        guard !rest.isEmpty else { return days * day }
        return timeOfDay(Array(rest)).map { days * day + $0 }
    }

    /// Nil beyond the year 9999.
    static func text(_ milliseconds: UInt64) -> String? {
        guard milliseconds < end else { return nil }
        var year = years.lowerBound
        var rest = milliseconds / day
        while rest >= length(ofYear: year) {
            rest -= length(ofYear: year)
            year += 1
        }
        var month = 0
        while rest >= months(year)[month] {
            rest -= months(year)[month]
            month += 1
        }
        let time = milliseconds % day
        let date = "\(year)-\(padded(UInt64(month) + 1, 2))-\(padded(rest + 1, 2))"
        guard time > 0 else { return date }
        let clock = [time / 3_600_000, time / 60_000 % 60, time / 1000 % 60]
            .map { padded($0, 2) }.joined(separator: ":")
        let fraction = time % 1000 == 0 ? "" : "." + padded(time % 1000, 3)
        return "\(date)T\(clock)\(fraction)Z"
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }

    /// Of `YYYY-MM-DD`, since 1970.
    private static func days(_ text: ArraySlice<UInt8>) -> UInt64? {
        let parts = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], let year = number(parts[0]),
            let month = number(parts[1]), let day = number(parts[2]),
            years.contains(year), (1...12).contains(month),
            day >= 1, day <= months(year)[Int(month) - 1]
        else { return nil }
        let before = (years.lowerBound..<year).reduce(0) { $0 + length(ofYear: $1) }
        return before + months(year).prefix(Int(month) - 1).reduce(0, +) + day - 1
    }

    /// Milliseconds of `Thh:mm:ssZ` or `Thh:mm:ss.mmmZ`.
    private static func timeOfDay(_ text: [UInt8]) -> UInt64? {
        guard text.first == UInt8(ascii: "T"), text.last == UInt8(ascii: "Z") else { return nil }
        let halves = text.dropFirst().dropLast()
            .split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let clock = halves.first, halves.count <= 2 else { return nil }
        var fraction: UInt64 = 0
        if halves.count == 2 {
            guard halves[1].count == 3, let found = number(halves[1]) else { return nil }
            fraction = found
        }
        let parts = clock.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.map(\.count) == [2, 2, 2], let hour = number(parts[0]),
            let minute = number(parts[1]), let second = number(parts[2]),
            hour < 24, minute < 60, second < 60
        else { return nil }
        return ((hour * 60 + minute) * 60 + second) * 1000 + fraction
    }

    /// Of a few decimal digits and nothing else.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        guard digits.allSatisfy(Lexer.isDigit) else { return nil }
        return digits.reduce(0) { $0 * 10 + UInt64($1 - UInt8(ascii: "0")) }
    }

    private static func length(ofYear year: UInt64) -> UInt64 { months(year).reduce(0, +) }

    private static func months(_ year: UInt64) -> [UInt64] {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    }
}
