internal import KBR

extension RangeKeeper: CustomStringConvertible {
    /// The takeover under way and every segment, for failures' messages and logs.
    package var description: String {
        let work = takeover.map { "\($0.phase) \($0.arc) \($0.requests.map { $0.node.id })" }
        let arcs = map.segments.map { segment in
            "\n    \(segment.arc.lower)-\(segment.arc.upper) promised \(segment.promised.epoch)/"
                + "\(segment.promised.proposer) current "
                + (segment.current.map { "\($0.ballot.epoch) \($0.members.map(\.id))" } ?? "-")
                + " \(segment.isCommitted) \(segment.installed)"
        }
        let hosts = hosting.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return "\(local.id) \(status) failures \(failures) \(work ?? "idle") "
            + "successors \(neighborhood.successors.map(\.id)) hosts \(hosts) "
            + "leaving \(leaving.sorted())" + arcs.joined()
    }
}
