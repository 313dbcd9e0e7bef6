package import Chord
package import KBR

/// The ring that all given machines form when nothing is left to repair.
package struct IdealRing: Sendable {
    private struct Member: Sendable {
        var handle: NodeHandle
        var index: Int
    }

    /// By identifier.
    private let members: [Member]
    private let handles: [NodeHandle]

    /// - Parameter machines: each with its number.
    package init(_ machines: [(index: Int, handle: NodeHandle)]) {
        members = machines.map { Member(handle: $0.handle, index: $0.index) }
            .sorted { $0.handle.id < $1.handle.id }
        handles = members.map(\.handle)
    }

    package var count: Int { members.count }

    /// The place of a member, counted from the smallest identifier.
    package func place(at position: Int, listLength r: Int) -> RingPlace {
        let count = members.count
        let own = members[position].handle.id
        let reach = min(r, count - 1)
        func member(_ offset: Int) -> NodeHandle {
            members[((position + offset) % count + count) % count].handle
        }
        let successors = (0..<reach).map { member($0 + 1) }
        let predecessors = (0..<min(reach, count - 1)).map { member(-$0 - 1) }
        var fingers: [(exponent: Int, node: NodeHandle)] = []
        let covered = successors.last.map { RingInterval(after: own, through: $0.id) }
        for exponent in stride(from: 255, through: 0, by: -1) {
            let start = own &+ .powerOfTwo(exponent)
            guard let covered, !covered.contains(start) else { break }
            let node = members[rootPosition(of: start)].handle
            if node.id != own { fingers.append((exponent, node)) }
        }
        var place = RingPlace(
            predecessors: predecessors,
            successors: successors,
            fingers: fingers
        )
        place.members = handles
        return place
    }

    package func index(at position: Int) -> Int { members[position].index }

    /// The number of the machine that is responsible for a key.
    package func root(of key: Identifier) -> Int { members[rootPosition(of: key)].index }

    /// The first member at or after a point.
    private func rootPosition(of key: Identifier) -> Int {
        let position = handles.partitioningIndex { $0.id >= key }
        return position == members.count ? 0 : position
    }
}
