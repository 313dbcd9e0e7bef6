extension WallTime: CustomStringConvertible {
    /// Date and time of day in UTC as ISO 8601 writes them, `2027-01-31T12:00:00Z`.
    public var description: String {
        let seconds = milliseconds / 1000
        let (year, month, day) = Self.date(daysSince1970: seconds / 86_400)
        let time = seconds % 86_400
        return "\(year)-\(Self.two(month))-\(Self.two(day))"
            + "T\(Self.two(time / 3600)):\(Self.two(time / 60 % 60)):\(Self.two(time % 60))Z"
    }

    private static func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The Gregorian date, counted in years that begin in March so that the leap day comes last.
    private static func date(
        daysSince1970 days: UInt64
    ) -> (year: UInt64, month: UInt64, day: UInt64) {
        // Days since 1 March of the year 0; an era is the 400 years after which dates repeat.
        let sinceMarch = days + 719_468
        let era = sinceMarch / 146_097
        let dayOfEra = sinceMarch % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }
}
