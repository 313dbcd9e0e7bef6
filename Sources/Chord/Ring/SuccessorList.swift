internal import KBR

/// The rule of every successor list (`Spec/chord.md` §3): clockwise order, no duplicates, never
/// the owner itself, at most `limit` nodes.
func successorList(
    of owner: Identifier,
    _ nodes: [NodeHandle],
    limit: Int
) -> [NodeHandle] {
    var list: [NodeHandle] = []
    var last = owner
    for node in nodes {
        // The first entry that would turn back ends the list: what follows wraps past the owner.
        guard node.id != owner, Ring.isBetween(last, node.id, owner), list.count < limit else {
            break
        }
        list.append(node)
        last = node.id
    }
    return list
}
