internal import KBR

/// The few distinct fingers (`Spec/chord.md` §7): one for each power of two that reaches beyond
/// the successor list.
struct FingerTable: Sendable {
    struct Finger: Sendable {
        var exponent: Int
        var node: NodeHandle
    }

    /// By falling exponent.
    private(set) var fingers: [Finger] = []
    /// The exponent to repair next.
    var cursor = 255
    /// Whole sweeps completed.
    private var sweeps = 0

    /// How many sweeps pass until fingers are chosen anew.
    private static let choosingPeriod = 8

    var isSwept: Bool { sweeps > 0 }

    /// Whether this sweep looks for nearer fingers, not only for dead ones.
    var isChoosing: Bool { sweeps % Self.choosingPeriod == 0 }

    /// Distinct nodes, farthest first.
    var nodes: [NodeHandle] {
        var result: [NodeHandle] = []
        for finger in fingers where result.last?.id != finger.node.id { result.append(finger.node) }
        return result
    }

    /// All fingers are there; the next sweep looks for nearer ones.
    mutating func beginChosenAnew() { sweeps = Self.choosingPeriod }

    subscript(exponent: Int) -> NodeHandle? {
        fingers.first { $0.exponent == exponent }?.node
    }

    mutating func set(_ exponent: Int, _ node: NodeHandle?) {
        fingers.removeAll { $0.exponent == exponent }
        guard let node else { return }
        let place = fingers.firstIndex { $0.exponent < exponent } ?? fingers.count
        fingers.insert(Finger(exponent: exponent, node: node), at: place)
    }

    /// Forgets fingers whose starts the successor list has come to cover.
    mutating func endSweep(above exponent: Int) {
        fingers.removeAll { $0.exponent <= exponent }
        cursor = 255
        sweeps &+= 1
    }

    mutating func remove(_ id: Identifier) { fingers.removeAll { $0.node.id == id } }

    mutating func refresh(_ handle: NodeHandle) {
        for index in fingers.indices where fingers[index].node.isOlder(than: handle) {
            fingers[index].node = handle
        }
    }
}

extension NodeHandle {
    /// Whether `other` is the same node under a later address.
    func isOlder(than other: NodeHandle) -> Bool {
        id == other.id && sequence < other.sequence
    }
}
