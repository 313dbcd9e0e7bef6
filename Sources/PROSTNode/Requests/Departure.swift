internal import Chord
internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

/// A node on its way out: it hands its ranges over, then leaves the ring (`Spec/node.md` §9).
struct Departure: Hashable, Sendable {
    /// Consistent applications whose arcs the successor has not taken over yet.
    var waiting: Set<ApplicationID>
    /// Instances that have not returned from `stop`.
    var stopping: Set<InstanceID> = []
    var isDone = false
}

/// Why `stop` is called (`Spec/abi.md` §3).
enum StopReason: Int64 {
    case shutdown = 2
}

extension Node {
    mutating func beginDeparture() {
        guard departure == nil else { return }
        let consistent = applications.keys.filter { applications[$0]?.ranges != nil }
        departure = Departure(waiting: Set(consistent))
        timers.set(.departure, at: now.instant + configuration.shutdownGrace)
        log(.info, "ring.leaving", ["applications": "\(consistent.count)"])
        callStop()
        for application in consistent.sorted() { rangeInput(.prepareToLeave, application) }
        progressDeparture()
    }

    /// The last upcall of every instance: what it sends now still leaves.
    private mutating func callStop() {
        for id in instances.keys.sorted() {
            guard isRunning(id), applications[id.application]?.exports(.stop) == true else {
                continue
            }
            var event = UpcallEvent(.stop)
            event.status = StopReason.shutdown.rawValue
            departure?.stopping.insert(id)
            postAlways(MailboxEntry(event, .stop), to: id)
        }
    }

    /// `stop` has returned, was undone, or its instance is gone.
    mutating func hasStopped(_ id: InstanceID) {
        guard departure?.stopping.remove(id) != nil else { return }
        progressDeparture()
    }

    mutating func readyToLeave(_ application: ApplicationID) {
        departure?.waiting.remove(application)
        progressDeparture()
    }

    mutating func progressDeparture() {
        guard let departure, !departure.isDone, departure.waiting.isEmpty,
            departure.stopping.isEmpty
        else { return }
        leaveRing()
    }

    /// Time is up: what was not handed over stays on this node's disk and its replicas.
    mutating func departureOverdue() {
        guard let departure, !departure.isDone else { return }
        log(.warning, "ring.left_early", ["not_handed_over": "\(departure.waiting.count)"])
        leaveRing()
    }

    private mutating func leaveRing() {
        departure?.isDone = true
        chordInput(.leave)
    }

    mutating func departed() {
        log(.info, "ring.left")
        effects(.left)
    }
}
