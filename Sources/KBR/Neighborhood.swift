/// What a node knows of the ring around it: the immutable view that upcalls are answered from.
package struct Neighborhood: Hashable, Sendable {
    package var node: NodeHandle
    /// Closest first; the first is the predecessor, the others are its word.
    package var predecessors: [NodeHandle]
    /// Closest first, without suspects.
    package var successors: [NodeHandle]
    /// Keys whose root this node is; nil outside a ring.
    package var range: RingInterval?
    /// Whether the predecessor confirmed the range lately; if not, root questions are unsure.
    package var isSettled: Bool
    /// Whether the ring still collects its first members and tolerates no failure.
    package var isForming: Bool
    /// Grows with every change of the fields above except `isSettled`.
    package var epoch: UInt64

    package init(node: NodeHandle) {
        self.node = node
        predecessors = []
        successors = []
        range = nil
        isSettled = false
        isForming = false
        epoch = 0
    }

    package var predecessor: NodeHandle? { predecessors.first }
}
