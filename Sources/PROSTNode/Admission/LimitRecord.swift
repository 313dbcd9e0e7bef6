package import KBR
package import PeerletBytecode
package import SansIO

/// What a limit did to an application when it bit.
package enum LimitEffect: Hashable, Sendable {
    /// The upcall was stopped and undone.
    case undone
    /// The instance waits for its next tokens.
    case paused
    /// A host call answered an error.
    case hostCallRefused
    /// A message was answered BUSY or dropped.
    case messageRefused
    case instanceStopped
    /// A line for the log was dropped.
    case lineDropped

    package var text: String {
        switch self {
        case .undone: "the upcall was stopped and undone"
        case .paused: "the instance waits"
        case .hostCallRefused: "the host call answered an error"
        case .messageRefused: "the message was refused"
        case .instanceStopped: "the instance was stopped"
        case .lineDropped: "the line was dropped"
        }
    }
}

/// One limit that bit one application, with how often: what log, `status` and `top` show
/// (`Spec/policy.md` §6).
package struct LimitRecord: Hashable, Sendable {
    package var application: ApplicationID
    package var name: String
    /// The upcall of the latest bite; nil where no upcall ran.
    package var upcall: Upcall?
    package var limit: Limit
    /// The latest figure that was over, and the limit it ran into.
    package var used: UInt64
    package var maximum: UInt64
    package var origin: RuleOrigin
    package var effect: LimitEffect
    package var times: UInt64
    package var first: Instant
    package var last: Instant

    /// What the operator can do.
    package var hint: String {
        "to raise it, set \(limit.key) for this application where it is set"
    }

    package var text: String {
        let bite = upcall.map { " upcall=\($0.name)" } ?? ""
        let window = limit.unit == .rate ? " window=1s" : ""
        let span = Quantity.seconds(last.since(first))
        return "limit app=\(name)#\(application)\(bite) limit=\(limit.key)"
            + " used=\(limit.text(used)) max=\(limit.text(maximum))\(window)"
            + " times=\(times) in \(span) set by \(origin); \(effect.text); \(hint)"
    }
}

/// The latest record for each application and limit; a flood of bites is one record with a count.
package struct LimitLedger: Sendable {
    private struct Key: Hashable {
        var application: ApplicationID
        var limit: Limit
    }

    /// A log line for one application and limit comes at most this often.
    package static let logPeriod = TimeSpan.seconds(10)
    /// Records kept; the one quiet for longest makes room.
    package static let capacity = 512

    private var records: [Key: LimitRecord] = [:]
    private var logged: [Key: Instant] = [:]

    package init() {}

    /// Counts one bite; returns the record if it is time for a line in the log.
    package mutating func note(
        _ limit: Limit,
        of application: ApplicationID,
        name: String,
        upcall: Upcall?,
        used: UInt64,
        limits: InstanceLimits,
        effect: LimitEffect,
        at now: Instant
    ) -> LimitRecord? {
        let key = Key(application: application, limit: limit)
        var record =
            records[key]
            ?? LimitRecord(
                application: application,
                name: name,
                upcall: upcall,
                limit: limit,
                used: used,
                maximum: limits[limit],
                origin: limits.origin(limit),
                effect: effect,
                times: 0,
                first: now,
                last: now
            )
        record.name = name
        record.upcall = upcall
        record.used = used
        record.maximum = limits[limit]
        record.origin = limits.origin(limit)
        record.effect = effect
        record.times &+= 1
        record.last = now
        if records[key] == nil { makeRoom() }
        records[key] = record
        if let last = logged[key], now.since(last) < Self.logPeriod { return nil }
        logged[key] = now
        return record
    }

    /// By application, then limit.
    package var all: [LimitRecord] {
        records.values.sorted { ($0.application, $0.limit) < ($1.application, $1.limit) }
    }

    package func records(of application: ApplicationID) -> [LimitRecord] {
        all.filter { $0.application == application }
    }

    private mutating func makeRoom() {
        guard records.count >= Self.capacity else { return }
        let oldest = all.min { $0.last < $1.last }
        guard let oldest else { return }
        let key = Key(application: oldest.application, limit: oldest.limit)
        records[key] = nil
        logged[key] = nil
    }
}
