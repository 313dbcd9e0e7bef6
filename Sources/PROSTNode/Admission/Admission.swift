internal import KBR
package import PeerletRuntime

/// What one instance holds of the node for as long as it runs.
package struct Reservation: Hashable, Sendable {
    /// Bytes.
    package var memory: UInt64
    /// Bytes; reserved once for each application, by whichever of its instances carries it.
    package var storage: UInt64
    /// Fuel per second.
    package var fuel: UInt64

    package init(memory: UInt64, storage: UInt64, fuel: UInt64) {
        self.memory = memory
        self.storage = storage
        self.fuel = fuel
    }

    package static let zero = Reservation(memory: 0, storage: 0, fuel: 0)
}

/// One total that a reservation would exceed.
package struct AdmissionReason: Hashable, Sendable, CustomStringConvertible {
    package enum Resource: String, CaseIterable, Sendable {
        case memory
        case storage
        case fuel
        case instances
        case applications
    }

    package var resource: Resource
    package var asked: UInt64
    package var free: UInt64
    package var total: UInt64

    package init(resource: Resource, asked: UInt64, free: UInt64, total: UInt64) {
        self.resource = resource
        self.asked = asked
        self.free = free
        self.total = total
    }

    package var description: String {
        "\(resource.rawValue): asks \(text(asked)), \(text(free)) of \(text(total)) free; "
            + "raise limits.\(resource.rawValue) of the node, or stop an application"
    }

    private func text(_ value: UInt64) -> String {
        switch resource {
        case .memory, .storage: Quantity.bytes(value)
        case .fuel: Quantity.count(value) + "/s"
        case .instances, .applications: String(value)
        }
    }
}

package enum AdmissionVerdict: Hashable, Sendable {
    case admitted
    /// Everything that is short, not the first; nothing was reserved.
    case refused([AdmissionReason])
}

/// Reservations against the node's totals; their sum never exceeds them (`Spec/policy.md` §5).
package struct Admission: Hashable, Sendable {
    package private(set) var totals: NodeTotals
    /// Sums over all instances.
    package private(set) var reserved = Reservation.zero
    private var reservations: [InstanceID: Reservation] = [:]
    private var instancesOf: [ApplicationID: UInt64] = [:]

    package init(totals: NodeTotals) { self.totals = totals }

    package var instances: Int { reservations.count }
    package var applications: Int { instancesOf.count }

    package func reservation(of instance: InstanceID) -> Reservation? { reservations[instance] }

    /// Reserves for a new instance, or changes what it has: all of it or nothing.
    package mutating func admit(
        _ instance: InstanceID,
        _ reservation: Reservation
    ) -> AdmissionVerdict {
        let old = reservations[instance]
        let reasons = shortages(of: instance, reservation, instead: old)
        guard reasons.isEmpty else { return .refused(reasons) }
        let previous = old ?? .zero
        reserved.memory = reserved.memory - previous.memory + reservation.memory
        reserved.storage = reserved.storage - previous.storage + reservation.storage
        reserved.fuel = reserved.fuel - previous.fuel + reservation.fuel
        reservations[instance] = reservation
        if old == nil { instancesOf[instance.application, default: 0] += 1 }
        return .admitted
    }

    /// Gives everything back at once; storage passes to another instance of the application, whose
    /// rows are still there.
    @discardableResult
    package mutating func release(_ instance: InstanceID) -> Reservation? {
        guard let old = reservations.removeValue(forKey: instance) else { return nil }
        reserved.memory -= old.memory
        reserved.fuel -= old.fuel
        let others = reservations.keys.filter { $0.application == instance.application }
        if old.storage > 0, let heir = others.min() {
            reservations[heir]?.storage += old.storage
        } else {
            reserved.storage -= old.storage
        }
        let left = (instancesOf[instance.application] ?? 1) - 1
        instancesOf[instance.application] = left == 0 ? nil : left
        return old
    }

    /// New totals, unless more than that is reserved already: then all reasons and no change.
    package mutating func adjust(totals new: NodeTotals) -> AdmissionVerdict {
        let pairs: [(AdmissionReason.Resource, UInt64, UInt64)] = [
            (.memory, reserved.memory, new.memory),
            (.storage, reserved.storage, new.storage),
            (.fuel, reserved.fuel, new.fuel),
            (.instances, UInt64(instances), new.instances),
            (.applications, UInt64(applications), new.applications),
        ]
        let reasons = pairs.filter { $0.1 > $0.2 }
            .map { AdmissionReason(resource: $0.0, asked: $0.1, free: $0.2, total: $0.2) }
        guard reasons.isEmpty else { return .refused(reasons) }
        totals = new
        return .admitted
    }

    private func shortages(
        of instance: InstanceID,
        _ asked: Reservation,
        instead old: Reservation?
    ) -> [AdmissionReason] {
        let previous = old ?? .zero
        let isNewApplication = instancesOf[instance.application] == nil
        let used: [(AdmissionReason.Resource, UInt64, UInt64, UInt64)] = [
            (.memory, asked.memory, reserved.memory - previous.memory, totals.memory),
            (.storage, asked.storage, reserved.storage - previous.storage, totals.storage),
            (.fuel, asked.fuel, reserved.fuel - previous.fuel, totals.fuel),
            (.instances, old == nil ? 1 : 0, UInt64(instances), totals.instances),
            (
                .applications, isNewApplication ? 1 : 0, UInt64(applications),
                totals.applications
            ),
        ]
        return used.compactMap { resource, asked, used, total in
            let free = total - used
            guard asked > free else { return nil }
            return AdmissionReason(resource: resource, asked: asked, free: free, total: total)
        }
    }
}
