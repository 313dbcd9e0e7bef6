internal import KBR
internal import PeerletBytecode
internal import SansIO
internal import Wire

// The local queries of the common API (`Spec/abi.md` §4.1, §6.4).
extension UpcallExecution {
    private static let counts: ClosedRange<Int64> = 1...64

    private var ring: RingView { invocation.ring }

    func selfHandle() throws(HostCallStop) -> Int64 {
        let out = try range(0, NodeHandle.byteCount)
        try write(ring.routing.local.wireBytes, to: out)
        return 0
    }

    private func write(_ nodes: [NodeHandle], to out: GuestRange) throws(HostCallStop) -> Int64 {
        let written = nodes.prefix(out.count / NodeHandle.byteCount)
        try write(written.flatMap { $0.wireBytes }, to: out)
        return Int64(written.count)
    }

    func localLookup() throws(HostCallStop) -> Int64 {
        let count = try number(1, in: Self.counts)
        let isSafe = try number(2, in: 0...1) == 1
        let key = try identifier(0)
        let out = try range(3, count * NodeHandle.byteCount)
        return try write(ring.routing.localLookup(key, count: count, safe: isSafe), to: out)
    }

    func neighborSet() throws(HostCallStop) -> Int64 {
        let count = try number(0, in: Self.counts)
        let out = try range(1, count * NodeHandle.byteCount)
        return try write(ring.routing.neighborSet(count: count), to: out)
    }

    func replicaSet() throws(HostCallStop) -> Int64 {
        let count = try number(1, in: Self.counts)
        let key = try identifier(0)
        let out = try range(2, count * NodeHandle.byteCount)
        let nodes =
            if let configured = ring.configured {
                configured.first { $0.arc.contains(key) }?.members ?? []
            } else {
                ring.routing.replicaSet(of: key, count: count).members
            }
        guard !nodes.isEmpty else { throw .refused(.unsure) }
        return try write(nodes, to: out)
    }

    func rangeOfNode() throws(HostCallStop) -> Int64 {
        let rank = try number(1, in: 0...63)
        let isCumulative = try number(2, in: 0...1) == 1
        let nodeRange = try optionalRange(0, NodeHandle.byteCount)
        let key = try optionalIdentifier(3)
        let low = try range(4, Identifier.byteCount)
        let high = try range(5, Identifier.byteCount)
        let node =
            if let nodeRange { try node(from: load(nodeRange)).id } else { ring.routing.local.id }
        let arc: RingInterval
        if let configured = ring.configured {
            arc = try configuredArc(
                of: node,
                rank: rank,
                isCumulative: isCumulative,
                key: key,
                in: configured
            )
        } else {
            let known = ring.routing.range(of: node, rank: rank, cumulative: isCumulative)
            guard let known else { throw .refused(.unsure) }
            if let key, !known.contains(key) { throw .refused(.notFound) }
            arc = known
        }
        try write(arc.lower.bytes, to: low)
        try write(arc.upper.bytes, to: high)
        return 0
    }

    private func configuredArc(
        of node: Identifier,
        rank: Int,
        isCumulative: Bool,
        key: Identifier?,
        in configured: [ConfiguredRange]
    ) throws(HostCallStop) -> RingInterval {
        let arcs = configured.filter { range in
            guard let place = range.members.firstIndex(where: { $0.id == node }) else {
                return false
            }
            if place == 0, node == ring.routing.local.id, !range.isServing { return false }
            return isCumulative ? place <= rank : place == rank
        }.map(\.arc)
        guard let first = arcs.first else { throw .refused(.unsure) }
        guard let key else { return arcs.first { $0.contains(node) } ?? first }
        guard let arc = arcs.first(where: { $0.contains(key) }) else { throw .refused(.notFound) }
        return arc
    }

    func isRoot() throws(HostCallStop) -> Int64 {
        let key = try identifier(0)
        switch certaintyOfRoot(of: key) {
        case .yes: return 1
        case .no: return 0
        case .unsure: throw .refused(.unsure)
        }
    }

    /// Whether this node, the root of a key, may answer for it from its own rows alone.
    func hasLease() throws(HostCallStop) -> Int64 {
        let key = try identifier(0)
        guard let range = ring.configured?.first(where: { $0.arc.contains(key) }),
            range.isServing, range.members.first?.id == ring.routing.local.id
        else { return 0 }
        let isHeld = range.leaseEnd.map { $0 > invocation.now.instant } ?? false
        if isHeld, !leases.used.contains(key) {
            guard leases.used.count < LeaseUse.maximumKeys else { return 0 }
            leases.used.append(key)
        }
        leases.wanted.insert(range.arc.upper)
        return isHeld ? 1 : 0
    }

    private func certaintyOfRoot(of key: Identifier) -> Certainty {
        let known = ring.routing.isRoot(of: key)
        guard let configured = ring.configured else { return known }
        guard let range = configured.first(where: { $0.arc.contains(key) }) else {
            return known == .no ? .no : .unsure
        }
        guard range.members.first?.id == ring.routing.local.id else { return .no }
        return range.isServing ? .yes : .unsure
    }

    func proximity() throws(HostCallStop) -> Int64 {
        let node = try node(from: bytes(0, NodeHandle.byteCount))
        if node.id == ring.routing.local.id { return 0 }
        guard let time = invocation.peers.roundTripMicroseconds[node.id] else {
            throw .refused(.notFound)
        }
        return Int64(clamping: time)
    }

    func alive() throws(HostCallStop) -> Int64 {
        let id = try node(from: bytes(0, NodeHandle.byteCount)).id
        let peers = invocation.peers
        if id == ring.routing.local.id { return 2 }
        if peers.dead.contains(id) { return 0 }
        if peers.suspected.contains(id) { return 1 }
        guard peers.roundTripMicroseconds[id] != nil else { throw .refused(.notFound) }
        return 2
    }

    func watch() throws(HostCallStop) -> Int64 {
        let isOn = try number(1, in: 0...1) == 1
        let node = try node(from: bytes(0, NodeHandle.byteCount))
        try require(.watches, 1, used: usage.watches, maximum: limits.watches, else: .quota)
        usage.watches += 1
        effects.append(.watch(node, isOn: isOn))
        return 0
    }
}
