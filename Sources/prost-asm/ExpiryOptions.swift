internal import ArgumentParser
internal import Foundation
internal import SansIO

/// Until when what is signed holds.
struct ExpiryOptions: ParsableArguments {
    @Option(help: "Days until it is worth nothing; 0, the default: never.")
    var days: UInt64?

    @Option(help: "Instead of --days: from when on it is worth nothing, 2027-01-31T12:00:00Z.")
    var expires: String?

    /// Nil: never.
    func time() throws(CommandFailure) -> WallTime? {
        guard let expires else { return try time(inDays: days ?? 0) }
        guard days == nil else { throw .usage("--days and --expires exclude each other") }
        guard let date = try? Date(expires, strategy: .iso8601),
            (1..<253_402_300_800).contains(date.timeIntervalSince1970)
        else { throw .usage("--expires takes a time as 2027-01-31T12:00:00Z, not '\(expires)'") }
        return WallTime(milliseconds: UInt64(date.timeIntervalSince1970 * 1000))
    }

    private func time(inDays days: UInt64) throws(CommandFailure) -> WallTime? {
        guard days <= 36_500 else { throw .usage("--days takes 0 to 36500") }
        guard days > 0 else { return nil }
        return WallTime(milliseconds: Self.now.milliseconds + days * 86_400_000)
    }

    static var now: WallTime {
        WallTime(milliseconds: UInt64(max(0, Date().timeIntervalSince1970 * 1000)))
    }

    /// "until 2027-…", with a word if that is past.
    static func text(_ time: WallTime?) -> String {
        guard let time else { return "never expires" }
        return time <= now ? "expired at \(time) already" : "until \(time)"
    }
}
