package import Cryptography
internal import KBR
internal import PeerletBytecode
package import PROSTNode
package import StrictYAML
internal import Suggestions
internal import Wire

/// The text form of a node's policy (`Spec/policy.md` §4).
package enum PolicyFile {
    private static let documentKeys = ["defaults", "providers", "apps", "revoked", "https_hosts"]
    private static let ruleKeys =
        ["access", "reason", "host", "deny_host", "params"] + Limit.allCases.map(\.key)

    /// Reads the policy at `path`; no policy comes of a file with any mistake in it.
    ///
    /// - Parameter totals: what limits may not exceed; nil to leave that unchecked.
    package static func load(
        path: String,
        totals: NodeTotals? = nil
    ) throws(ConfigurationErrors) -> NodePolicy {
        try parse(try StrictYAML.text(at: path), file: path, totals: totals)
    }

    /// The policy in `text`; `file` is the name that errors and verdicts show.
    package static func parse(
        _ text: String,
        file: String,
        totals: NodeTotals? = nil
    ) throws(ConfigurationErrors) -> NodePolicy {
        var yaml = StrictYAML(file: file)
        var policy = NodePolicy(file: file)
        let document = yaml.document(text, keys: documentKeys)
        if let entry = document["defaults"] {
            policy.defaults = rule(yaml.mapping(entry, keys: ruleKeys), &yaml)
        }
        for entry in yaml.list(document["providers"]) { addProvider(entry, &policy, &yaml) }
        for entry in yaml.list(document["apps"]) { addApplication(entry, &policy, &yaml) }
        for entry in yaml.list(document["revoked"]) { addRevoked(entry, &policy, &yaml) }
        for entry in yaml.list(document["https_hosts"]) { addHost(entry, &policy, &yaml) }
        PolicyContradictions(policy: policy, totals: totals).report(to: &yaml)
        try yaml.finish()
        return policy
    }

    /// A policy file that lets everything of the given providers run within the default limits.
    package static func text(trusting roots: [(name: String, key: PublicKey)]) -> String {
        guard !roots.isEmpty else { return "defaults: { access: deny }\n" }
        let lines = roots.map { root in
            "  - { key: \(Hexadecimal.text(root.key.raw)), name: \(root.name), access: allow }\n"
        }
        return "defaults: { access: deny }\nproviders:\n" + lines.joined()
    }

    private static func rule(
        _ entries: [String: StrictYAML.Entry],
        _ yaml: inout StrictYAML
    ) -> PolicyRule {
        var rule = PolicyRule()
        if let entry = entries["access"], let access = yaml.choice(entry, PolicyAccess.self) {
            rule.access = Ruled(access, yaml.origin(entry))
        }
        rule.reason = yaml.text(entries["reason"])
        rule.parameters = parameters(entries["params"], &yaml)
        rule.hostCalls = hostCalls(entries["host"], &yaml)
        rule.deniedHostCalls = hostCalls(entries["deny_host"], &yaml)
        for limit in Limit.allCases { rule[limit] = yaml.limit(limit, entries[limit.key]) }
        return rule
    }

    private static func parameters(
        _ entry: StrictYAML.Entry?,
        _ yaml: inout StrictYAML
    ) -> Ruled<String>? {
        guard let entry, let text = yaml.text(entry) else { return nil }
        guard text.utf8.count <= PolicyRule.parameterLimit else {
            yaml.report(entry, .invalid("more than \(PolicyRule.parameterLimit) bytes"))
            return nil
        }
        return Ruled(text, yaml.origin(entry))
    }

    private static func hostCalls(
        _ entry: StrictYAML.Entry?,
        _ yaml: inout StrictYAML
    ) -> Ruled<Set<HostCall>>? {
        guard let entry else { return nil }
        var calls: Set<HostCall> = []
        for item in yaml.list(entry) {
            guard let name = yaml.text(item) else { continue }
            if let found = HostCall.named(inPolicy: name) {
                calls.formUnion(found)
                continue
            }
            yaml.report(
                item,
                .unknownValue(
                    name,
                    allowed: "all, a family as st, or a call as st.put",
                    suggestion: Suggestion.nearest(to: name, among: HostCall.policyNames)
                )
            )
        }
        return Ruled(calls, yaml.origin(entry))
    }

    private static func addProvider(
        _ entry: StrictYAML.Entry,
        _ policy: inout NodePolicy,
        _ yaml: inout StrictYAML
    ) {
        let entries = yaml.mapping(entry, keys: ["key", "name"] + ruleKeys)
        let rule = rule(entries, &yaml)
        let name = yaml.text(entries["name"]) ?? ""
        guard let keyEntry = entries["key"] else {
            return yaml.report(entry, .missingKey("key"))
        }
        guard let root = yaml.publicKey(keyEntry) else { return }
        let provider = ProviderRule(root: root, name: name, origin: yaml.origin(entry), rule: rule)
        if !policy.add(provider) { yaml.report(keyEntry, .duplicateKey("this provider")) }
    }

    private static func addApplication(
        _ entry: StrictYAML.Entry,
        _ policy: inout NodePolicy,
        _ yaml: inout StrictYAML
    ) {
        let entries = yaml.mapping(entry, keys: ["id", "name"] + ruleKeys)
        let rule = rule(entries, &yaml)
        let name = yaml.text(entries["name"]) ?? ""
        guard let idEntry = entries["id"] else { return yaml.report(entry, .missingKey("id")) }
        guard let text = yaml.text(idEntry) else { return }
        guard let id = Identifier(hexadecimal: text) else {
            return yaml.report(idEntry, .invalid("not an application id of 64 hexadecimal digits"))
        }
        let application = ApplicationRule(
            application: ApplicationID(id),
            name: name,
            origin: yaml.origin(entry),
            rule: rule
        )
        if !policy.add(application) { yaml.report(idEntry, .duplicateKey("this application")) }
    }

    private static func addRevoked(
        _ entry: StrictYAML.Entry,
        _ policy: inout NodePolicy,
        _ yaml: inout StrictYAML
    ) {
        guard let text = yaml.text(entry) else { return }
        guard let digest = PackageDigest(text) else {
            return yaml.report(
                entry,
                .invalid("not a package digest; write sha256: and 64 hexadecimal digits")
            )
        }
        guard policy.revoked[digest] == nil else {
            return yaml.report(entry, .duplicateKey("this digest"))
        }
        policy.revoke(digest, origin: yaml.origin(entry))
    }

    private static func addHost(
        _ entry: StrictYAML.Entry,
        _ policy: inout NodePolicy,
        _ yaml: inout StrictYAML
    ) {
        guard let text = yaml.text(entry) else { return }
        let host = text.lowercased()
        guard case .https(let parsed, _)? = try? CodeLocator("https://\(host)/"), parsed == host
        else {
            return yaml.report(entry, .invalid("not a host name without port and path"))
        }
        guard !policy.httpsHosts.contains(host) else {
            return yaml.report(entry, .duplicateKey("this host"))
        }
        policy.httpsHosts.append(host)
    }
}
