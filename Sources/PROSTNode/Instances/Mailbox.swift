internal import KBR
internal import PeerletRuntime

/// Why an upcall is made, and so what follows when its report is in.
enum UpcallPurpose: Hashable, Sendable {
    case initialize
    case forward(passage: UInt64)
    case deliver(passage: UInt64)
    case reply(nonce: UInt64)
    case client(nonce: UInt64)
    case timer
    case update
    case undeliverable
    case clientGone
    case snapshot
    case restore
    case stop

    /// Made at the beginning or the end of an instance; `snapshot` also between.
    var isLifecycle: Bool {
        switch self {
        case .initialize, .restore, .stop: true
        default: false
        }
    }
}

/// An upcall waiting for its instance.
struct MailboxEntry: Sendable {
    var event: UpcallEvent
    var purpose: UpcallPurpose
    /// Fuel of the message that causes it; nil when it draws on the application's own rate.
    var budget: UInt64?
    /// The configured arc under which a member of a consistent store sent the message.
    var stamp: RangeStamp?
    /// Fuel that the answer in a `reply` cost where it was made.
    var fuelElsewhere: UInt64 = 0

    init(
        _ event: UpcallEvent,
        _ purpose: UpcallPurpose,
        budget: UInt64? = nil,
        stamp: RangeStamp? = nil
    ) {
        self.event = event
        self.purpose = purpose
        self.budget = budget
        self.stamp = stamp
    }
}

/// Upcalls waiting for one instance, in order of arrival.
///
/// Messages are refused when it is full;
/// what the host itself has to tell is bounded by its cause and always taken.
struct Mailbox: Sendable {
    private var entries: [MailboxEntry] = []
    private var first = 0

    var count: Int { entries.count - first }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ entry: MailboxEntry) { entries.append(entry) }

    /// Whether the upcall for a timer waits already: a slow instance gets one, not a queue.
    func holdsTimer(_ timer: UInt64) -> Bool {
        entries[first...].contains { $0.purpose == .timer && $0.event.timer == timer }
    }

    /// Whether an upcall of a kind that needs to be made only once waits already.
    func holds(_ purpose: UpcallPurpose) -> Bool {
        entries[first...].contains { $0.purpose == purpose }
    }

    /// Drops the host's own news of a kind; these carry no fuel.
    mutating func removeAll(_ purpose: UpcallPurpose) {
        entries[first...].removeAll { $0.purpose == purpose }
    }

    /// Puts an entry before all others: an upcall to be made again.
    mutating func prepend(_ entry: MailboxEntry) {
        if first > 0 {
            first -= 1
            entries[first] = entry
        } else {
            entries.insert(entry, at: 0)
        }
    }

    /// Most neighbours that may wait to be told of; of more, the oldest news are dropped.
    private static let newsLimit = 64

    /// Replaces a waiting `update` of the same kind, so that a burst of changes costs one upcall.
    mutating func coalesceUpdate(_ entry: MailboxEntry) {
        let isNews = { (entry: MailboxEntry) in
            entry.purpose == .update && entry.event.status <= UpdateKind.left.rawValue
        }
        // Who joins and leaves again is no news, but the latest word counts.
        if isNews(entry) {
            entries[first...].removeAll {
                isNews($0) && $0.event.origin?.id == entry.event.origin?.id
            }
            if entries[first...].count(where: isNews) >= Self.newsLimit,
                let oldest = entries[first...].firstIndex(where: isNews)
            {
                entries.remove(at: oldest)
            }
            return append(entry)
        }
        for index in first..<entries.count
        where entries[index].purpose == .update && entries[index].event.status == entry.event.status
            && entries[index].event.origin == entry.event.origin
        {
            var merged = entry
            merged.event.oldRange = entries[index].event.oldRange
            entries[index] = merged
            return
        }
        append(entry)
    }

    /// What `popFirst` gives next.
    var next: MailboxEntry? { first < entries.count ? entries[first] : nil }

    mutating func popFirst() -> MailboxEntry? {
        guard first < entries.count else { return nil }
        let entry = entries[first]
        first += 1
        if first == entries.count || first > 64 {
            entries.removeFirst(first)
            first = 0
        }
        return entry
    }

    mutating func removeAll() -> [MailboxEntry] {
        defer {
            entries = []
            first = 0
        }
        return Array(entries[first...])
    }

    /// Fuel of the messages that wait here.
    var heldFuel: UInt64 { entries[first...].reduce(0) { $0 &+ ($1.budget ?? 0) } }
}
