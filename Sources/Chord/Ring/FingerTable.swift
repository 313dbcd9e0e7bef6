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
    /// Whether a whole sweep has been completed.
    var isSwept = false

    /// Distinct nodes, farthest first.
    var nodes: [NodeHandle] {
        var result: [NodeHandle] = []
        for finger in fingers where result.last?.id != finger.node.id { result.append(finger.node) }
        return result
    }

    mutating func set(_ exponent: Int, _ node: NodeHandle?) {
        fingers.removeAll { $0.exponent == exponent }
        guard let node else { return }
        let place = fingers.firstIndex { $0.exponent < exponent } ?? fingers.count
        fingers.insert(Finger(exponent: exponent, node: node), at: place)
    }

    /// Forgets fingers whose starts the successor list has come to cover.
    mutating func removeAll(below exponent: Int) { fingers.removeAll { $0.exponent < exponent } }

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
