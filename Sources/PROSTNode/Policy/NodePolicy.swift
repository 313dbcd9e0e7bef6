package import Cryptography
package import KBR
package import PeerletBytecode
internal import SansIO
internal import Wire

/// Which peerlets the owner of this node runs, and what they may spend (`Spec/policy.md` §1).
///
/// Sections go from general to specific: built in, `defaults`, the provider's, the application's.
/// The more specific one wins, setting by setting. Without a policy file nothing may run.
package struct NodePolicy: Hashable, Sendable {
    /// As it appears in origins.
    package var file: String
    @Shared package var defaults = PolicyRule()
    /// In the order of the file.
    package private(set) var providers: [ProviderRule] = []
    package private(set) var applications: [ApplicationRule] = []
    package private(set) var revoked: [PackageDigest: RuleOrigin] = [:]
    /// Hosts that `https:` locators may name, lower case.
    package var httpsHosts: [String] = []

    private var providerIndex: [PublicKey: Int] = [:]
    private var applicationIndex: [ApplicationID: Int] = [:]

    /// The policy of a node without a policy file: nothing may run.
    package init(file: String = "") { self.file = file }

    /// A policy that runs everything of the given providers, for development rings.
    package static func trusting(_ roots: [PublicKey], file: String = "") -> NodePolicy {
        var policy = NodePolicy(file: file)
        for (index, root) in roots.enumerated() {
            let origin = RuleOrigin(file: file, line: 0, path: "providers[\(index)]")
            var rule = PolicyRule()
            rule.access = Ruled(.allow, origin)
            policy.add(ProviderRule(root: root, name: "", origin: origin, rule: rule))
        }
        return policy
    }

    /// False if the provider has a rule already.
    @discardableResult
    package mutating func add(_ provider: ProviderRule) -> Bool {
        guard providerIndex[provider.root] == nil else { return false }
        providerIndex[provider.root] = providers.count
        providers.append(provider)
        return true
    }

    /// False if the application has a rule already.
    @discardableResult
    package mutating func add(_ application: ApplicationRule) -> Bool {
        guard applicationIndex[application.application] == nil else { return false }
        applicationIndex[application.application] = applications.count
        applications.append(application)
        return true
    }

    package mutating func revoke(_ digest: PackageDigest, origin: RuleOrigin) {
        revoked[digest] = origin
    }

    package func rule(for root: PublicKey) -> ProviderRule? {
        providerIndex[root].map { providers[$0] }
    }

    package func rule(for application: ApplicationID) -> ApplicationRule? {
        applicationIndex[application].map { applications[$0] }
    }
}

extension NodePolicy {
    /// A refusal that is certain before anything is fetched: digest revoked, application denied.
    ///
    /// Nil says nothing about the verdict on the package.
    package func refusal(of application: ApplicationID, _ digest: PackageDigest) -> PolicyReason? {
        if let origin = revoked[digest] { return Self.revocation(digest, origin) }
        guard let own = rule(for: application), let access = own.rule.access,
            access.value == .deny
        else { return nil }
        return denial(access.origin, of: "application", own.rule.reason)
    }

    /// The verdict on a package whose signature was checked, with every reason against it.
    package func decide(_ subject: PolicySubject) -> PolicyDecision {
        var reasons: [PolicyReason] = []
        if let origin = revoked[subject.digest] {
            reasons.append(Self.revocation(subject.digest, origin))
        }
        if let reason = accessRefusal(subject) { reasons.append(reason) }
        reasons += capabilityRefusals(subject)
        var granted = limits(for: subject)
        for limit in Limit.allCases {
            guard let asked = subject.asked[limit] else { continue }
            if asked > granted[limit] {
                reasons.append(limitRefusal(limit, asked, granted))
            } else {
                granted.set(limit, max(asked, limit.floor), from: .manifest(limit.key))
            }
        }
        return reasons.isEmpty ? .allow(granted) : .deny(reasons)
    }

    /// Sections that apply, the most general first.
    private func sections(for subject: PolicySubject) -> [PolicyRule] {
        [defaults]
            + [rule(for: subject.root)?.rule, rule(for: subject.application)?.rule]
            .compactMap(\.self)
    }

    /// Whether the subject may run at all, and who said so.
    package func access(for subject: PolicySubject) -> Ruled<PolicyAccess> {
        sections(for: subject).reversed().lazy.compactMap(\.access).first
            ?? Ruled(.deny, .builtIn("defaults.access"))
    }

    /// What the owner tells the peerlet, by the most specific section that says anything.
    package func parameters(for subject: PolicySubject) -> [UInt8] {
        let text = sections(for: subject).reversed().lazy.compactMap(\.parameters).first?.value
        return Array((text ?? "").utf8.prefix(PolicyRule.parameterLimit))
    }

    /// What the policy allows, before the manifest's own wishes.
    package func limits(for subject: PolicySubject) -> InstanceLimits {
        resolved(sections(for: subject))
    }

    /// Limits after applying sections in order.
    ///
    /// A burst that nobody sets is two seconds' fuel, but at least one upcall's; an upcall gets no
    /// more than the burst, which is all that can ever be at hand.
    package func resolved(_ sections: [PolicyRule], clamped: Bool = true) -> InstanceLimits {
        var limits = InstanceLimits()
        var hasBurst = false
        for section in sections {
            for limit in Limit.allCases {
                guard let set = section[limit] else { continue }
                limits.set(limit, set.value, from: set.origin)
                if limit == .fuelBurst { hasBurst = true }
            }
        }
        if !hasBurst {
            let (double, overflow) = limits[.fuel].multipliedReportingOverflow(by: 2)
            let burst = max(overflow ? .max : double, limits[.upcallFuel])
            limits.set(.fuelBurst, burst, from: limits.origin(.fuel))
        }
        if clamped, limits[.upcallFuel] > limits[.fuelBurst] {
            limits.set(.upcallFuel, limits[.fuelBurst], from: limits.origin(.fuelBurst))
        }
        return limits
    }

    /// Host calls the subject may import; each call that is missing, with who took it away.
    package func capabilities(
        for subject: PolicySubject
    ) -> (allowed: Set<HostCall>, taken: [HostCall: RuleOrigin]) {
        var allowed = Set(HostCall.allCases)
        var taken: [HostCall: RuleOrigin] = [:]
        for section in sections(for: subject) {
            if let list = section.hostCalls {
                allowed = list.value
                for call in HostCall.allCases {
                    taken[call] = list.value.contains(call) ? nil : list.origin
                }
            }
            if let list = section.deniedHostCalls {
                allowed.subtract(list.value)
                for call in HostCall.allCases where list.value.contains(call) {
                    taken[call] = list.origin
                }
            }
        }
        return (allowed, taken)
    }
}

extension NodePolicy {
    private var place: String { file.isEmpty ? "a policy file" : file }

    private static func revocation(
        _ digest: PackageDigest,
        _ origin: RuleOrigin
    ) -> PolicyReason {
        PolicyReason(
            code: .revoked,
            aspect: "package",
            detail: "\(digest) is revoked",
            origin: origin,
            remedy: "ask the provider for a newer version"
        )
    }

    private func denial(
        _ origin: RuleOrigin,
        of aspect: String,
        _ reason: String?
    ) -> PolicyReason {
        PolicyReason(
            code: .denied,
            aspect: aspect,
            detail: reason.map { "denied: \($0)" } ?? "denied",
            origin: origin,
            remedy: "set access: allow there"
        )
    }

    private func accessRefusal(_ subject: PolicySubject) -> PolicyReason? {
        let access = access(for: subject)
        guard access.value == .deny else { return nil }
        if let own = rule(for: subject.application), own.rule.access != nil {
            return denial(access.origin, of: "application", own.rule.reason)
        }
        if let provider = rule(for: subject.root), provider.rule.access != nil {
            return denial(access.origin, of: "provider", provider.rule.reason)
        }
        let root = Hexadecimal.text(subject.root.raw)
        return PolicyReason(
            code: .denied,
            aspect: "provider",
            detail: "\(root.prefix(16))… has no rule that allows it",
            origin: access.origin,
            remedy: "add { key: \(root), access: allow } to providers in \(place)"
        )
    }

    private func capabilityRefusals(_ subject: PolicySubject) -> [PolicyReason] {
        let (allowed, taken) = capabilities(for: subject)
        return HostCall.allCases
            .filter { subject.hostCalls.contains($0) && !allowed.contains($0) }
            .map { call in
                let name = HostABI.info(call).name
                return PolicyReason(
                    code: .capability,
                    aspect: "capability",
                    detail: "\(name) is not allowed",
                    origin: taken[call] ?? .builtIn("defaults.host"),
                    remedy: "add \(name) to host there"
                )
            }
    }

    private func limitRefusal(
        _ limit: Limit,
        _ asked: UInt64,
        _ granted: InstanceLimits
    ) -> PolicyReason {
        PolicyReason(
            code: .limit,
            aspect: limit.key,
            detail: "asks \(limit.text(asked)), allowed \(limit.text(granted[limit]))",
            origin: granted.origin(limit),
            remedy: "set \(limit.key): \(limit.text(asked)) for this application in \(place)"
        )
    }
}
