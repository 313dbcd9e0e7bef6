import Cryptography
import KBR
import PROSTNode
import PeerletBytecode
import Testing

struct NodePolicyTests {
    static let root = LoaderFixture.key(1).publicKey
    static let application = ApplicationID(Identifier(words: (7, 0, 0, 0)))

    static func subject(
        calls: Set<HostCall> = [],
        asked: [Limit: UInt64] = [:]
    ) -> PolicySubject {
        PolicySubject(
            application: application,
            name: "kv",
            version: 3,
            root: root,
            digest: PackageDigest(Identifier(words: (9, 0, 0, 0))),
            hostCalls: calls,
            asked: asked
        )
    }

    static func origin(_ line: Int, _ path: String) -> RuleOrigin {
        RuleOrigin(file: "policy.yaml", line: line, path: path)
    }

    static func policy(
        defaults: PolicyAccess? = nil,
        provider: PolicyAccess? = nil,
        application access: PolicyAccess? = nil
    ) -> NodePolicy {
        var policy = NodePolicy(file: "policy.yaml")
        policy.defaults.access = defaults.map { Ruled($0, origin(1, "defaults.access")) }
        var rule = PolicyRule()
        rule.access = provider.map { Ruled($0, origin(2, "providers[0].access")) }
        policy.add(
            ProviderRule(root: root, name: "lab", origin: origin(2, "providers[0]"), rule: rule)
        )
        rule = PolicyRule()
        rule.access = access.map { Ruled($0, origin(3, "apps[0].access")) }
        policy.add(
            ApplicationRule(
                application: application,
                name: "kv",
                origin: origin(3, "apps[0]"),
                rule: rule
            )
        )
        return policy
    }

    private static let choices: [PolicyAccess?] = [nil, .allow, .deny]

    @Test(arguments: choices, choices)
    func `the most specific rule decides and silence denies`(
        _ defaults: PolicyAccess?,
        _ provider: PolicyAccess?
    ) {
        for application in Self.choices {
            let policy = Self.policy(
                defaults: defaults,
                provider: provider,
                application: application
            )
            let expected = application ?? provider ?? defaults ?? .deny
            let reasons = policy.decide(Self.subject()).reasons
            #expect(reasons.isEmpty == (expected == .allow))
            #expect(reasons.allSatisfy { $0.code == .denied })
            let line = application != nil ? 3 : provider != nil ? 2 : defaults != nil ? 1 : 0
            #expect(reasons.allSatisfy { $0.origin.line == line })
        }
    }

    @Test func `without a file nothing may run`() {
        let decision = NodePolicy().decide(Self.subject())
        #expect(decision.reasons.map(\.code) == [.denied])
    }

    @Test func `what is asked is granted up to what is allowed`() {
        var policy = Self.policy(provider: .allow)
        policy.defaults[.memory] = Ruled(1 << 20, Self.origin(1, "defaults.memory"))
        let allowed = policy.decide(Self.subject(asked: [.memory: 65536, .messages: 1]))
        guard case .allow(let limits) = allowed else {
            Issue.record("refused")
            return
        }
        #expect(limits.memoryPages == 16)
        #expect(limits.origin(.memory) == .manifest("memory"))
        #expect(limits[.messages] == 1)
        #expect(limits[.storage] == Limit.storage.builtIn)
        #expect(policy.decide(Self.subject(asked: [.memory: 1 << 20])).reasons.isEmpty)
        let reasons = policy.decide(Self.subject(asked: [.memory: 1 << 20 + 1])).reasons
        #expect(reasons.map(\.aspect) == ["memory"])
        #expect(reasons.first?.origin == Self.origin(1, "defaults.memory"))
    }

    @Test func `limits are inherited one by one`() {
        var policy = Self.policy(provider: .allow)
        policy.defaults[.fuel] = Ruled(10, Self.origin(1, "defaults.fuel"))
        policy.defaults[.timers] = Ruled(5, Self.origin(1, "defaults.timers"))
        var rule = PolicyRule()
        rule.access = Ruled(.allow, Self.origin(9, "providers[1].access"))
        rule[.fuel] = Ruled(70, Self.origin(9, "providers[1].fuel"))
        let other = LoaderFixture.key(2).publicKey
        policy.add(
            ProviderRule(root: other, name: "", origin: Self.origin(9, "providers[1]"), rule: rule)
        )
        var subject = Self.subject()
        subject.root = other
        let limits = policy.limits(for: subject)
        #expect(limits[.fuel] == 70)
        #expect(limits[.timers] == 5)
        #expect(limits[.requests] == Limit.requests.builtIn)
        #expect(limits.origin(.fuel).line == 9)
        #expect(limits.origin(.timers).line == 1)
        #expect(policy.limits(for: Self.subject())[.fuel] == 10)
    }

    @Test func `an upcall never gets more than the burst`() {
        var policy = Self.policy(provider: .allow)
        policy.defaults[.fuelBurst] = Ruled(100, Self.origin(1, "defaults.fuel_burst"))
        #expect(policy.limits(for: Self.subject())[.upcallFuel] == 100)
        policy.defaults[.fuelBurst] = nil
        policy.defaults[.fuel] = Ruled(.max, Self.origin(1, "defaults.fuel"))
        #expect(policy.limits(for: Self.subject())[.fuelBurst] == .max)
    }

    @Test func `host calls are listed by call, family or all and denials take away`() {
        var policy = Self.policy(provider: .allow)
        policy.defaults.hostCalls = Ruled(
            HostCall.named(inPolicy: "st") ?? [],
            Self.origin(1, "defaults.host")
        )
        policy.defaults.deniedHostCalls = Ruled(
            HostCall.named(inPolicy: "st.del") ?? [],
            Self.origin(2, "defaults.deny_host")
        )
        let subject = Self.subject(calls: [.storePut, .storeDelete, .kbrRoute])
        let reasons = policy.decide(subject).reasons
        #expect(
            reasons.map(\.detail) == ["kbr.route is not allowed", "st.del is not allowed"]
        )
        #expect(reasons.map(\.origin.line) == [1, 2])
        #expect(HostCall.named(inPolicy: "all")?.count == HostCall.allCases.count)
        #expect(HostCall.named(inPolicy: "s") == nil)
        #expect(HostCall.named(inPolicy: "st.") == nil)
    }

    @Test func `every reason is listed, not the first`() {
        var policy = Self.policy(provider: .deny)
        let subject = Self.subject(
            calls: [.lifeSpawn],
            asked: [.memory: 1 << 40, .storage: 1 << 50, .messages: 5]
        )
        policy.revoke(subject.digest, origin: Self.origin(8, "revoked[0]"))
        policy.defaults.deniedHostCalls = Ruled([.lifeSpawn], Self.origin(2, "defaults.deny_host"))
        let reasons = policy.decide(subject).reasons
        #expect(
            reasons.map(\.aspect) == ["package", "provider", "capability", "memory", "storage"]
        )
        #expect(reasons.allSatisfy { !$0.remedy.isEmpty })
    }

    @Test func `a verdict is explained aspect by aspect`() {
        var policy = Self.policy(defaults: .deny, provider: .allow)
        policy.defaults[.memory] = Ruled(16 << 20, Self.origin(1, "defaults.memory"))
        let subject = Self.subject(
            calls: [.storePut, .storeGet, .kbrRoute],
            asked: [.memory: 24 << 20]
        )
        #expect(
            policy.explain(subject).text == """
                provider     lab (8a88e3dd7409f195…)    allowed  policy.yaml:2 providers[0].access
                capability   kbr.route st.put st.get    allowed  built-in defaults.host
                upcall_fuel  allowed 2M                 allowed  built-in upcall_fuel
                fuel         allowed 2M/s               allowed  built-in fuel
                fuel_burst   allowed 4M                 allowed  built-in fuel
                memory       asks 24MiB, allowed 16MiB  REFUSED  policy.yaml:1 defaults.memory
                storage      allowed 32MiB              allowed  built-in storage
                messages     allowed 1000/s             allowed  built-in messages
                mailbox      allowed 256                allowed  built-in mailbox
                timers       allowed 32                 allowed  built-in timers
                requests     allowed 64                 allowed  built-in requests
                sends        allowed 64                 allowed  built-in sends
                call_depth   allowed 256                allowed  built-in call_depth
                log_bytes    allowed 4KiB               allowed  built-in log_bytes
                log          allowed 1000/s             allowed  built-in log
                verdict: refused (1 reason)
                  to allow memory: set memory: 24MiB for this application in policy.yaml

                """
        )
        #expect(policy.explain(Self.subject()).text.hasSuffix("verdict: allowed\n"))
    }
}
