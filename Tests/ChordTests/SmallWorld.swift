import Chord
import KBR

/// All of a ring of up to eight nodes, evenly spaced: who is in which state, and what is under way.
struct SmallWorld: Hashable {
    static let size = 8

    /// For each position the state of its node in a `NodeStateTable`; 0 is nobody.
    var nodes = SIMD8<UInt32>(repeating: 0)
    /// For each position the answer on its way to it, by its number in the table; 0 is none.
    var answers = SIMD8<UInt32>(repeating: 0)
    /// Notifies on their way: bit `8 * from + to`.
    ///
    /// Two from one node to another count as one; a world where one of them is lost is this one.
    var notifies: UInt64 = 0

    func isUp(_ position: Int) -> Bool { nodes[position] != 0 }

    var positions: [Int] { (0..<Self.size).filter { nodes[$0] != 0 } }

    mutating func clear(_ position: Int) {
        nodes[position] = 0
        answers[position] = 0
        // What a node has sent before it fails still arrives.
        for from in 0..<Self.size { notifies &= ~(1 << UInt64(8 * from + position)) }
    }

    /// The handle of the node at a position: multiples of 2^253.
    static func handle(_ position: Int) -> NodeHandle {
        NodeHandle(
            id: Identifier(words: (UInt64(position) << 61, 0, 0, 0)),
            endpoint: Endpoint(10, 0, 0, UInt8(position), port: 4000)
        )
    }

    static func position(_ node: NodeHandle) -> Int { Int(node.id.words.0 >> 61) }
}

/// One thing that may happen next in a small world.
enum SmallWorldStep: Hashable, CustomStringConvertible {
    case join(Int, via: Int)
    case fail(Int)
    case stabilize(Int)
    /// Looks itself up from another node (`Spec/chord.md` §6.7).
    case checkRing(Int, through: Int)
    /// The peer answers the state query or ping that the node at this position waits for.
    case query(Int)
    /// The answer arrives.
    case answer(Int)
    /// A notify arrives: rectify.
    case notify(from: Int, to: Int)

    /// Whether it is a step of this node's that goes on without joins and failures.
    func isMaintenance(of position: Int) -> Bool {
        switch self {
        case .join, .fail, .checkRing: false
        case .stabilize(let node), .query(let node), .answer(let node), .notify(_, let node):
            node == position
        }
    }

    var description: String {
        switch self {
        case .join(let node, let contact): "\(node) joins through \(contact)"
        case .fail(let node): "\(node) fails"
        case .stabilize(let node): "\(node) stabilizes"
        case .checkRing(let node, let peer): "\(node) checks its ring through \(peer)"
        case .query(let node): "the query of \(node) is answered"
        case .answer(let node): "the answer reaches \(node)"
        case .notify(let from, let to): "\(to) is notified by \(from)"
        }
    }
}
