internal import PROSTNode
internal import StrictYAML

/// Limits that cannot hold together, found before they puzzle anyone at run time.
struct PolicyContradictions {
    let policy: NodePolicy
    let totals: NodeTotals?

    func report(to yaml: inout StrictYAML) {
        check([policy.defaults], &yaml)
        for provider in policy.providers { check([policy.defaults, provider.rule], &yaml) }
        for application in policy.applications {
            check([policy.defaults, application.rule], &yaml)
        }
    }

    /// Checks what the last of `sections` sets, on the background of the others.
    private func check(_ sections: [PolicyRule], _ yaml: inout StrictYAML) {
        guard let own = sections.last else { return }
        let limits = policy.resolved(sections, clamped: false)
        for limit in Limit.allCases {
            guard let set = own[limit], let total = totals?.bound(of: limit), set.value > total
            else { continue }
            yaml.report(
                set.origin.path,
                set.origin.line,
                .contradiction(
                    "\(limit.text(set.value)) is more than the node's total of "
                        + limit.text(total)
                )
            )
        }
        let burst = limits[.fuelBurst]
        if limits[.upcallFuel] > burst, let set = own[.upcallFuel] ?? own[.fuelBurst] {
            let text = Limit.fuelBurst.text(burst)
            yaml.report(
                set.origin.path,
                set.origin.line,
                .contradiction(
                    "upcall_fuel of \(Limit.upcallFuel.text(limits[.upcallFuel])) could never "
                        + "be spent with a fuel_burst of \(text) (\(limits.origin(.fuelBurst)))"
                )
            )
        }
        if let allowed = own.hostCalls, let denied = own.deniedHostCalls,
            !denied.value.isEmpty, denied.value.isSuperset(of: allowed.value)
        {
            yaml.report(
                denied.origin.path,
                denied.origin.line,
                .contradiction("takes away everything that host allows")
            )
        }
    }
}
