/// A bug planted in a node, for checkers that must find it (`Spec/chord.md` §10).
///
/// Given to the state machine's initialiser by tests and simulators; no configuration has it.
package enum RingFault: String, CaseIterable, Hashable, Sendable {
    /// Stoica et al. 2001: a joiner starts with one successor, and a successor's predecessor is
    /// adopted unasked.
    case originalChord
    /// A joiner does not ask whether it lies between the member found and that one's successor.
    case joinsAnywhere
    /// A joiner lists the member it joined through, which is behind it.
    case joinListsPredecessor
    /// The successor's list is copied without the successor.
    case skipsSuccessor
    /// Lists are not cut to r.
    case listsWithoutLimit
    /// A copied list is merged with the old one, whose dead nodes stay.
    case mergesLists
    /// A list that a failure has shortened is filled with the predecessor.
    case refillsWithPredecessor
    /// A node in the middle of a step counts as dead.
    case takesBusyForDead
    /// The predecessor of the successor is never asked, so nobody sees a joiner.
    case neverAsksPredecessor
    /// Nobody is notified.
    case neverNotifies
    /// Rectify replaces a predecessor only by a closer one, however dead it is.
    case keepsDeadPredecessor
    /// Rectify takes the farther of two live candidates.
    case prefersFartherPredecessor
    /// Whoever leaves, its list replaces this node's.
    case takesEveryLeaversList
    /// The founder commits with r members.
    case formsWithTooFew
}
