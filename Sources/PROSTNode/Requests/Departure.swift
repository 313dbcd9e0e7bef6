internal import Chord
internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

/// A node on its way out (`Spec/node.md` §9).
struct Departure: Hashable, Sendable {
    enum Stage: Hashable, Sendable {
        /// Others take its ranges over; it serves until they have.
        case handingOver
        /// Its instances end.
        case stopping
        case leaving
    }

    var stage = Stage.handingOver
    /// Consistent applications whose arcs the successor has not taken over yet.
    var waiting: Set<ApplicationID>

    var isDone: Bool { stage == .leaving }
}

extension Node {
    mutating func beginDeparture() {
        guard departure == nil else { return }
        let consistent = applications.keys.filter { applications[$0]?.ranges != nil }
        departure = Departure(waiting: Set(consistent))
        // What is left of the time is the instances'.
        let grace = configuration.shutdownGrace.nanoseconds
        let last = min(configuration.stopGrace.nanoseconds, grace / 2)
        timers.set(.departure, at: now.instant + TimeSpan(nanoseconds: grace - last))
        log(.info, "ring.leaving", ["applications": "\(consistent.count)"])
        for application in consistent.sorted() { rangeInput(.prepareToLeave, application) }
        progressDeparture()
    }

    /// An instance has ended.
    mutating func hasStopped(_ id: InstanceID) {
        if departure?.stage == .stopping { progressDeparture() }
    }

    mutating func readyToLeave(_ application: ApplicationID) {
        departure?.waiting.remove(application)
        progressDeparture()
    }

    mutating func progressDeparture() {
        if departure?.stage == .handingOver, departure?.waiting.isEmpty == true { stopInstances() }
        guard departure?.stage == .stopping,
            !instances.values.contains(where: { $0.state != .stopped })
        else { return }
        leaveRing()
    }

    /// The last upcalls of every instance: what they send now still leaves.
    private mutating func stopInstances() {
        departure?.stage = .stopping
        timers.set(.departure, at: now.instant + configuration.stopGrace)
        for id in instances.keys.sorted() {
            retire(id, .shutdown, because: "the node leaves")
        }
    }

    /// Time is up: what was not handed over stays on this node's disk and its replicas.
    mutating func departureOverdue() {
        guard let departure, !departure.isDone else { return }
        log(.warning, "ring.left_early", ["not_handed_over": "\(departure.waiting.count)"])
        guard departure.stage == .handingOver else { return leaveRing() }
        stopInstances()
        progressDeparture()
    }

    private mutating func leaveRing() {
        departure?.stage = .leaving
        chordInput(.leave)
    }

    mutating func departed() {
        log(.info, "ring.left")
        effects(.left)
    }
}
