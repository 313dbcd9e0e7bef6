internal import Chord
internal import KBR
internal import PROSTNode
internal import PROSTSimulator
internal import SansIO
internal import Wire

/// Where a replay ends: whichever comes first; without either, with the run.
package struct ReplayStop: Sendable {
    package var event: UInt64?
    package var nanoseconds: UInt64?
    package var lastEvents: Int

    package init(event: UInt64?, nanoseconds: UInt64?, lastEvents: Int) {
        self.event = event
        self.nanoseconds = nanoseconds
        self.lastEvents = lastEvents
    }
}

/// What the nodes held there.
package struct ReplayView: Encodable, Sendable {
    package struct Row: Encodable, Sendable {
        package var machine: Int
        package var id: String
        package var phase: String
        package var predecessor: String
        package var successors: [String]
        package var suspects: [String]
    }

    package var eventCount: UInt64
    package var seconds: Double
    package var fingerprint: String
    package var violations: [String]
    package var nodes: [Row]
    /// The last frames that arrived, oldest first.
    package var events: [String]

    enum CodingKeys: String, CodingKey {
        case eventCount = "event_count"
        case seconds
        case fingerprint
        case violations
        case nodes
        case events
    }
}

extension RunExecution {
    /// Plays the run again up to a point.
    package func replay(to stop: ReplayStop) throws -> ReplayView {
        var last: [String] = []
        let simulation = simulation
        if stop.lastEvents > 0 {
            simulation.tap = { [unowned simulation] frame, peer in
                last.append(
                    "\(simulation.now.nanoseconds / 1000) us  event \(simulation.eventCount)  "
                        + "frame \(frame.kind), \(frame.body.count) bytes, to \(peer.id)"
                )
                if last.count > 2 * stop.lastEvents { last.removeFirst(stop.lastEvents) }
            }
        }
        simulation.stop(beforeEvent: stop.event, at: stop.nanoseconds.map(Instant.init))
        _ = try execute()
        return ReplayView(
            eventCount: simulation.eventCount,
            seconds: Double(simulation.now.nanoseconds) / 1e9,
            fingerprint: FingerprintText.text(simulation.fingerprint),
            violations: RingInvariants(snapshots.map(\.1)).violations.map(\.description),
            nodes: snapshots.map { machine, ring in
                ReplayView.Row(
                    machine: machine,
                    id: "\(ring.node.id)",
                    phase: "\(ring.phase)",
                    predecessor: ring.predecessor.map { "\($0.id)" } ?? "-",
                    successors: ring.successors.map { "\($0.id)" },
                    suspects: ring.suspects.map { "\($0)" }
                )
            },
            events: Array(last.suffix(stop.lastEvents))
        )
    }

    private var snapshots: [(Int, ChordSnapshot)] {
        population.live.sorted().compactMap { index in
            simulation.hosts[index].node.map { (index, $0.chord.snapshot) }
        }
    }
}
