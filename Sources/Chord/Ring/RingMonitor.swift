package import KBR
package import SansIO

/// Watches all nodes of a simulated ring and keeps the first breach of Zave's invariant: which
/// predicates, when, and whose step it was (`Spec/chord.md` §8).
///
/// Told of every step and failure; only those that move a pointer cost anything.
package struct RingMonitor: Sendable {
    package struct Breach: Hashable, Sendable, CustomStringConvertible {
        /// Number of the event after which the check failed, as its driver counts.
        package var event: UInt64
        package var instant: Instant
        /// Nodes whose pointers changed, or that failed, since the last check that passed, in
        /// the order in which they did: the last one, if every event is checked.
        package var suspects: [Identifier]
        package var violations: [RingInvariants.Violation]

        package var description: String {
            let names = suspects.map(\.description).joined(separator: ", ")
            let what = violations.map(\.description).joined(separator: "; ")
            return "event \(event), \(instant.nanoseconds) ns, by \(names): \(what)"
        }
    }

    /// How many events pass between two checks, at least 1.
    package let period: UInt64
    /// The first breach; nothing is checked after it.
    package private(set) var breach: Breach?
    package private(set) var checks: UInt64 = 0
    private var snapshots: [Identifier: ChordSnapshot] = [:]
    private var versions: [Identifier: UInt64] = [:]
    private var changed: [Identifier] = []

    package init(checkingEvery period: UInt64 = 1) { self.period = max(period, 1) }

    /// A node has made a step, or began.
    package mutating func stepped(_ node: ChordNode) {
        let id = node.node.id
        guard versions[id] != node.pointerVersion else { return }
        versions[id] = node.pointerVersion
        snapshots[id] = node.snapshot
        noteChange(of: id)
    }

    /// A node has failed, or was stopped.
    package mutating func failed(_ id: Identifier) {
        versions[id] = nil
        if snapshots.removeValue(forKey: id) != nil { noteChange(of: id) }
    }

    private mutating func noteChange(of id: Identifier) {
        if changed.last != id { changed.append(id) }
    }

    /// To be called after each event; true when the invariant has just been broken.
    @discardableResult
    package mutating func check(event: UInt64, at instant: Instant) -> Bool {
        guard breach == nil, !changed.isEmpty, event % period == 0 else { return false }
        checks += 1
        let violations = invariants.violations
        if !violations.isEmpty {
            breach = Breach(
                event: event,
                instant: instant,
                suspects: changed,
                violations: violations
            )
        }
        changed = []
        return breach != nil
    }

    /// The predicates as of the last step; `isIdeal` of them says whether the ring is quiet.
    package var invariants: RingInvariants { RingInvariants(Array(snapshots.values)) }

    /// Whether all nodes watched form one ideal ring.
    package var isIdeal: Bool {
        let invariants = invariants
        return invariants.isIdeal && invariants.memberCount == snapshots.count
    }
}
