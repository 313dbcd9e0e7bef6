internal import Cryptography
internal import PeerletBytecode
package import PeerletPackage
internal import Wire

/// The verdict on a package taken apart, for `policy explain` and a refused deploy.
package struct PolicyExplanation: Hashable, Sendable {
    package struct Row: Hashable, Sendable {
        package var aspect: String
        package var detail: String
        package var isAllowed: Bool
        package var origin: RuleOrigin

        package init(aspect: String, detail: String, isAllowed: Bool, origin: RuleOrigin) {
            self.aspect = aspect
            self.detail = detail
            self.isAllowed = isAllowed
            self.origin = origin
        }
    }

    package var subject: PolicySubject
    package var rows: [Row]
    package var decision: PolicyDecision

    package var isAllowed: Bool { decision.reasons.isEmpty }

    /// A table for people: one line for each aspect, the verdict, then every remedy.
    package var text: String {
        let cells = rows.map { row in
            [
                row.aspect, row.detail, row.isAllowed ? "allowed" : "REFUSED",
                row.origin.description,
            ]
        }
        let widths = (0..<3).map { column in cells.map { $0[column].count }.max() ?? 0 }
        var lines = cells.map { row in
            let padded = (0..<3).map { column in
                row[column] + String(repeating: " ", count: widths[column] - row[column].count)
            }
            return (padded + [row[3]]).joined(separator: "  ")
        }
        let reasons = decision.reasons
        guard !reasons.isEmpty else {
            lines.append("verdict: allowed")
            return lines.joined(separator: "\n") + "\n"
        }
        lines.append(
            "verdict: refused (\(reasons.count) reason\(reasons.count == 1 ? "" : "s"))"
        )
        for reason in reasons { lines.append("  to allow \(reason.aspect): \(reason.remedy)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension NodePolicy {
    /// Every aspect of the package with the rule that decided it.
    package func explain(_ subject: PolicySubject) -> PolicyExplanation {
        let decision = decide(subject)
        let reasons = decision.reasons
        var rows: [PolicyExplanation.Row] = []
        func add(_ aspect: String, _ detail: String, _ isAllowed: Bool, _ origin: RuleOrigin) {
            rows.append(
                .init(aspect: aspect, detail: detail, isAllowed: isAllowed, origin: origin)
            )
        }

        if let origin = revoked[subject.digest] { add("package", "revoked", false, origin) }
        let access = access(for: subject)
        let provider = rule(for: subject.root)
        let key = "\(Hexadecimal.text(subject.root.raw).prefix(16))…"
        let known = provider.map { $0.name.isEmpty ? key : "\($0.name) (\(key))" }
        add(
            "provider",
            known ?? "\(key), not listed",
            access.value == .allow,
            access.origin
        )
        let (allowed, taken) = capabilities(for: subject)
        let imported = HostCall.allCases.filter { subject.hostCalls.contains($0) }
        let granted = imported.filter { allowed.contains($0) }.map { HostABI.info($0).name }
        if !granted.isEmpty {
            let origin = hostOrigin(subject)
            add("capability", granted.joined(separator: " "), true, origin)
        }
        for call in imported where !allowed.contains(call) {
            let origin = taken[call] ?? .builtIn("defaults.host")
            add("capability", HostABI.info(call).name, false, origin)
        }
        let limits = limits(for: subject)
        for limit in Limit.allCases {
            let refused = reasons.first { $0.code == .limit && $0.aspect == limit.key }
            let allowed = "allowed \(limit.text(limits[limit]))"
            let asked = subject.asked[limit].map { "asks \(limit.text($0)), \(allowed)" }
            add(limit.key, asked ?? allowed, refused == nil, limits.origin(limit))
        }
        return PolicyExplanation(subject: subject, rows: rows, decision: decision)
    }

    /// The section that last listed host calls for the subject.
    private func hostOrigin(_ subject: PolicySubject) -> RuleOrigin {
        let lists = [
            rule(for: subject.application)?.rule.hostCalls,
            rule(for: subject.root)?.rule.hostCalls,
            defaults.hostCalls,
        ]
        return lists.lazy.compactMap(\.self).first?.origin ?? .builtIn("defaults.host")
    }
}

extension NodePolicy {
    /// What this policy makes of a package; nil if the package names no application.
    package func explanation(of package: SignedPackage) -> PolicyExplanation? {
        guard let digest = PackageDigest(bytes: package.digest),
            let subject = PolicySubject(package.manifest, digest)
        else { return nil }
        return explain(subject)
    }
}
