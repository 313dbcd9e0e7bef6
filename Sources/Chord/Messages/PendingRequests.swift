internal import KBR
internal import SansIO

/// Why a request was sent, as data instead of a continuation.
enum RequestPurpose: Hashable, Sendable {
    case stabilizeFromSuccessor
    case stabilizeFromPredecessor
    case rectify(candidate: NodeHandle)
    /// Is a neighbour still there?
    case probe
    /// Is there still a ring around a node that lost all successors?
    case isolationProbe
    /// Whose successor is this node on a remembered peer's ring?
    case ringCheck
    /// Does the predecessor found there have no successors?
    case ringCheckQuery(through: NodeHandle)
    /// Is who follows this node there a member?
    case ringCheckPing(through: NodeHandle)
    /// A step of the search with this number.
    case replicaLookup(UInt64)
    /// Is a node that the search was told of there?
    case replicaPing(UInt64)
    case joinLookup
    case joinQuery
    case joinAdmission
    case rosterPush
    case rosterPoll
    case finger(exponent: Int)
    /// Who follows the candidates for a finger?
    case fingerCandidates(exponent: Int)
    /// How far away is a candidate for a finger?
    case measurement(exponent: Int)
    /// Who follows a member?
    case members
    case departure

    /// Questions to nodes that only others have named: asked fewer times, and silence makes
    /// nobody a suspect, or liars could fill the list of suspects with inventions.
    var isToHearsay: Bool {
        switch self {
        case .ringCheck, .ringCheckQuery, .ringCheckPing, .replicaLookup, .replicaPing: true
        default: false
        }
    }
}

struct PendingRequest: Sendable {
    let peer: NodeHandle
    let message: ChordMessage
    let purpose: RequestPurpose
    var attempt: Int
    var sentAt: Instant
}

/// Requests without an answer yet, oldest first: they are few.
struct PendingRequests: Sendable {
    private struct Entry: Sendable {
        var number: UInt64
        var request: PendingRequest
    }

    private var entries: [Entry] = []
    private var lastNumber: UInt64 = 0

    mutating func nextNumber() -> UInt64 {
        lastNumber += 1
        return lastNumber
    }

    subscript(number: UInt64) -> PendingRequest? {
        get { entries.first { $0.number == number }?.request }
        set {
            let place = entries.firstIndex { $0.number == number }
            guard let newValue else {
                if let place { entries.remove(at: place) }
                // Most of the time there is none.
                if entries.isEmpty { entries = [] }
                return
            }
            if let place {
                entries[place].request = newValue
            } else {
                entries.append(Entry(number: number, request: newValue))
            }
        }
    }

    /// Numbers of the requests that match, oldest first.
    func numbers(where matches: (PendingRequest) -> Bool) -> [UInt64] {
        entries.filter { matches($0.request) }.map(\.number)
    }

    func contains(where matches: (PendingRequest) -> Bool) -> Bool {
        entries.contains { matches($0.request) }
    }
}
