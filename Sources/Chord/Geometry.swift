/// What a node knows of its ring beyond its neighbours, and so how far a hop reaches.
///
/// See `Spec/chord.md` §7.2. Ring, ranges and replica sets are the same in all; nodes of different
/// geometries can share a ring.
package enum Geometry: String, CaseIterable, Sendable {
    /// Fingers: about ½ log2 N hops.
    case chord
    /// All members: one hop in a quiet ring.
    case oneHop = "one-hop"
    /// Nothing: N / 2r hops.
    case successors
}
