package import Cryptography
package import KBR
package import PeerletBytecode

/// Whether the subject of a rule may run at all.
package enum PolicyAccess: String, CaseIterable, Sendable {
    case allow
    case deny
}

/// A value together with where it was set.
package struct Ruled<Value: Hashable & Sendable>: Hashable, Sendable {
    package var value: Value
    package var origin: RuleOrigin

    package init(_ value: Value, _ origin: RuleOrigin) {
        self.value = value
        self.origin = origin
    }
}

/// What one section of a policy sets; what it leaves out is inherited (`Spec/policy.md` §1).
package struct PolicyRule: Hashable, Sendable {
    package var access: Ruled<PolicyAccess>?
    /// Shown to whoever is refused.
    package var reason: String?
    /// What the peerlet is told in `env.get` PARAMS; at most `parameterLimit` bytes of UTF-8.
    package var parameters: Ruled<String>?
    package var hostCalls: Ruled<Set<HostCall>>?
    package var deniedHostCalls: Ruled<Set<HostCall>>?
    private var limits: [Ruled<UInt64>?]

    package static let parameterLimit = 4096

    package init() { limits = Array(repeating: nil, count: Limit.allCases.count) }

    package subscript(_ limit: Limit) -> Ruled<UInt64>? {
        get { limits[limit.rawValue] }
        set { limits[limit.rawValue] = newValue }
    }
}

/// Rules for everything signed under one root key.
package struct ProviderRule: Hashable, Sendable {
    package var root: PublicKey
    package var name: String
    package var origin: RuleOrigin
    package var rule: PolicyRule

    package init(root: PublicKey, name: String, origin: RuleOrigin, rule: PolicyRule) {
        self.root = root
        self.name = name
        self.origin = origin
        self.rule = rule
    }
}

/// Rules for one application.
package struct ApplicationRule: Hashable, Sendable {
    package var application: ApplicationID
    package var name: String
    package var origin: RuleOrigin
    package var rule: PolicyRule

    package init(application: ApplicationID, name: String, origin: RuleOrigin, rule: PolicyRule) {
        self.application = application
        self.name = name
        self.origin = origin
        self.rule = rule
    }
}

extension HostCall {
    /// The calls that `name` stands for in a policy: one call (`st.put`), a family (`st`) or `all`;
    /// nil if there is none of that name.
    package static func named(inPolicy name: some StringProtocol) -> Set<HostCall>? {
        if name == "all" { return Set(allCases) }
        let found = allCases.filter { call in
            let own = HostABI.info(call).name
            return own == name || own.prefix { $0 != "." } == name
        }
        return found.isEmpty ? nil : Set(found)
    }

    /// Every name that a policy may use, for suggestions.
    package static var policyNames: [String] {
        var names = ["all"]
        for info in HostABI.rows {
            let family = String(info.name.prefix { $0 != "." })
            if !names.contains(family) { names.append(family) }
        }
        return names + HostABI.rows.map(\.name)
    }
}
