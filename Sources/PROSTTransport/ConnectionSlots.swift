package import KBR
package import NIOCore

/// How many connections of each sort a node holds (`Spec/wire.md` §5.1).
package struct ConnectionLimits: Hashable, Sendable {
    package var total = 256
    /// Inbound and not yet accepted, in all and from one address (IPv6: one /64).
    package var unauthenticated = 64
    package var perAddress = 16
    /// With one node identifier.
    package var perPeer = 4
    /// Held free of strangers, for ring neighbours.
    package var reservedForNeighbours = 64
    /// Own dials under way.
    package var dialling = 64

    package init() {}

    /// Accepted connections with nodes that are not ring neighbours.
    var strangers: Int { max(0, total - unauthenticated - reservedForNeighbours) }
}

/// Which connections hold a slot; strangers never take a neighbour's.
package struct ConnectionSlots: Sendable {
    package enum Verdict: Hashable, Sendable {
        case admit
        /// Admit once that connection is closed.
        case replacing(UInt64)
        case refuse
    }

    private enum Holder: Hashable, Sendable {
        case dialling
        case unauthenticated(AddressGroup)
        case peer(Identifier)
    }

    private let limits: ConnectionLimits
    private var holders: [UInt64: Holder] = [:]

    package init(limits: ConnectionLimits) { self.limits = limits }

    package var count: Int { holders.count }

    package var unauthenticatedCount: Int {
        holders.values.count { if case .unauthenticated = $0 { true } else { false } }
    }

    package var diallingCount: Int { holders.values.count { $0 == .dialling } }

    /// A slot for a dial of our own.
    package mutating func dial(_ number: UInt64) -> Bool {
        guard holders.count < limits.total, diallingCount < limits.dialling else { return false }
        holders[number] = .dialling
        return true
    }

    /// A slot for a connection that came in.
    ///
    /// When all are taken, the address that holds most of them loses its oldest, if it holds more
    /// than the newcomer's: neither a flood from a few addresses nor silence from many locks the
    /// others out.
    package mutating func arrive(_ number: UInt64, from address: AddressGroup) -> Verdict {
        var held: [AddressGroup: (count: Int, oldest: UInt64)] = [:]
        var total = 0
        for (other, holder) in holders {
            guard case .unauthenticated(let group) = holder else { continue }
            let known = held[group] ?? (0, .max)
            held[group] = (known.count + 1, min(known.oldest, other))
            total += 1
        }
        let own = held[address]?.count ?? 0
        guard own < limits.perAddress, holders.count < limits.total else { return .refuse }
        if total < limits.unauthenticated {
            holders[number] = .unauthenticated(address)
            return .admit
        }
        guard
            let greediest = held.values.max(by: {
                ($0.count, $1.oldest) < ($1.count, $0.oldest)
            }),
            greediest.count > own
        else { return .refuse }
        holders[number] = .unauthenticated(address)
        return .replacing(greediest.oldest)
    }

    /// The connection proved `id`.
    ///
    /// A dial of our own may replace the stranger that was silent
    /// longest; a stranger that came in may not.
    package mutating func authenticate(
        _ number: UInt64,
        as id: Identifier,
        neighbours: Set<Identifier>,
        lastActivity: (UInt64) -> NIODeadline?
    ) -> Verdict {
        guard let holder = holders[number] else { return .refuse }
        guard holders.values.count(where: { $0 == .peer(id) }) < limits.perPeer else {
            return .refuse
        }
        if neighbours.contains(id) {
            holders[number] = .peer(id)
            return .admit
        }
        var strangers = 0
        var quietest: (number: UInt64, since: NIODeadline)?
        for (other, holder) in holders {
            guard case .peer(let peer) = holder, !neighbours.contains(peer) else { continue }
            strangers += 1
            guard let since = lastActivity(other) else { continue }
            if quietest.map({ (since, other) < ($0.since, $0.number) }) ?? true {
                quietest = (other, since)
            }
        }
        if strangers < limits.strangers {
            holders[number] = .peer(id)
            return .admit
        }
        guard holder == .dialling, let quietest else { return .refuse }
        holders[number] = .peer(id)
        return .replacing(quietest.number)
    }

    package mutating func release(_ number: UInt64) { holders[number] = nil }
}

/// Addresses that one party is assumed to control: an IPv4 address or an IPv6 /64.
package struct AddressGroup: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    package init(_ endpoint: Endpoint) {
        high = endpoint.address.0
        low = endpoint.isIPv4 ? endpoint.address.1 : 0
    }
}
