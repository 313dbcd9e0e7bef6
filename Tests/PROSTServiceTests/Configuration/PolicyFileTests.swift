import Cryptography
import KBR
import PROSTNode
import PROSTService
import PeerletBytecode
import StrictYAML
import Testing
import Wire

struct PolicyFileTests {
    static func errors(_ text: String, totals: NodeTotals? = nil) -> String {
        do throws(ConfigurationErrors) {
            _ = try PolicyFile.parse(text, file: "policy.yaml", totals: totals)
            return ""
        } catch { return error.description }
    }

    static let key = String(repeating: "00", count: 31) + "02"
    static let root = "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c"
    static let app = String(repeating: "ab", count: 32)

    @Test func `a whole policy is read with the line of every setting`() throws {
        let text = """
            defaults:
              access: deny
              fuel: 2M/s
              memory: 16MiB
              host: [kbr, st, time.now]
            providers:
              - key: \(Self.root)
                name: lab
                access: allow
                fuel: 20M/s
                deny_host: [st.del]
            apps:
              - id: \(Self.app)
                access: deny
                reason: retired
                params: "language=en"
            revoked: ["sha256:\(Self.app)"]
            https_hosts: [Code.example.org]
            """
        let policy = try PolicyFile.parse(text, file: "policy.yaml")
        #expect(policy.defaults[.memory]?.value == 16 << 20)
        #expect(policy.defaults[.memory]?.origin.description == "policy.yaml:4 defaults.memory")
        #expect(policy.defaults.access?.value == .deny)
        let provider = try #require(policy.providers.first)
        #expect(provider.name == "lab")
        #expect(provider.rule[.fuel]?.value == 20_000_000)
        #expect(provider.rule[.fuel]?.origin.description == "policy.yaml:10 providers[0].fuel")
        #expect(provider.rule.deniedHostCalls?.value == [.storeDelete])
        #expect(policy.applications.first?.rule.reason == "retired")
        #expect(policy.applications.first?.rule.parameters?.value == "language=en")
        #expect(policy.revoked.count == 1)
        #expect(policy.httpsHosts == ["code.example.org"])
    }

    @Test func `an empty policy denies everything and a written one is read back`() throws {
        #expect(try PolicyFile.parse("", file: "p").defaults.access == nil)
        let root = try #require(Hexadecimal.bytes(Self.root).flatMap(PublicKey.init(raw:)))
        let text = PolicyFile.text(trusting: [(name: "dev", key: root)])
        let policy = try PolicyFile.parse(text, file: "p")
        #expect(policy.providers.map(\.root) == [root])
        #expect(policy.providers.map(\.name) == ["dev"])
        #expect(policy.providers.first?.rule.access?.value == .allow)
    }

    static let mistakes: [(String, String)] = [
        ("defalts: {}", "policy.yaml:1: unknown key defalts; did you mean defaults?"),
        (
            "defaults:\n  memroy: 1MiB",
            "policy.yaml:2: defaults: unknown key memroy; did you mean memory?"
        ),
        ("defaults:\n  zzzzzz: 1", "policy.yaml:2: defaults: unknown key zzzzzz"),
        ("defaults: 5", "policy.yaml:1: defaults: expected a mapping, found the value 5"),
        ("defaults:", "policy.yaml:1: defaults: has no value; leave the key out for the default"),
        ("- a\n- b", "policy.yaml:1: expected a mapping, found a list"),
        ("providers: {}", "policy.yaml:1: providers: expected a list, found a mapping"),
        (
            "defaults:\n  fuel: [1]",
            "policy.yaml:2: defaults.fuel: expected a value, found a list"
        ),
        ("defaults:\n  fuel: -1/s", "policy.yaml:2: defaults.fuel: must not be negative"),
        (
            "defaults:\n  fuel: 2M",
            "policy.yaml:2: defaults.fuel: needs a unit; write 200/s, 200k/s or 2M/s"
        ),
        (
            "defaults:\n  memory: 16MB/s",
            "policy.yaml:2: defaults.memory: unknown unit MB/s; "
                + "write 4096, 64KiB, 16MiB or 2GiB"
        ),
        (
            "defaults:\n  memory: lots",
            "policy.yaml:2: defaults.memory: expected a number; "
                + "write 4096, 64KiB, 16MiB or 2GiB, found lots"
        ),
        (
            "defaults:\n  memory: 99999999999999999999",
            "policy.yaml:2: defaults.memory: is larger than 64 bits hold"
        ),
        (
            "defaults:\n  memory: 1TiB",
            "policy.yaml:2: defaults.memory: 1TiB is not between 4KiB and 256MiB"
        ),
        (
            "defaults:\n  access: alow",
            "policy.yaml:2: defaults.access: unknown value alow; allowed are allow, deny; "
                + "did you mean allow?"
        ),
        (
            "defaults:\n  host: [st.putt]",
            "policy.yaml:2: defaults.host[0]: unknown value st.putt; allowed are all, a family "
                + "as st, or a call as st.put; did you mean st.put?"
        ),
        ("providers:\n  - name: x", "policy.yaml:2: providers[0]: key is missing"),
        (
            "providers:\n  - key: x",
            "policy.yaml:2: providers[0].key: not a public key; write minisign's RW… line or "
                + "64 hexadecimal digits"
        ),
        (
            "apps:\n  - id: 12",
            "policy.yaml:2: apps[0].id: not an application id of 64 hexadecimal digits"
        ),
        (
            "apps:\n  - id: \(app)\n  - id: \(app)",
            "policy.yaml:3: apps[1].id: this application is there twice"
        ),
        (
            "revoked: [abc]",
            "policy.yaml:1: revoked[0]: not a package digest; write sha256: and "
                + "64 hexadecimal digits"
        ),
        (
            "https_hosts: [\"a.example/x\"]",
            "policy.yaml:1: https_hosts[0]: not a host name without port and path"
        ),
        (
            "defaults: { fuel_burst: 10, upcall_fuel: 11 }",
            "policy.yaml:1: defaults.upcall_fuel: upcall_fuel of 11 could never be spent with "
                + "a fuel_burst of 10 (policy.yaml:1 defaults.fuel_burst)"
        ),
        (
            "defaults: { host: [st.put], deny_host: [st] }",
            "policy.yaml:1: defaults.deny_host: takes away everything that host allows"
        ),
        ("defaults: {\n", "policy.yaml:2: is not YAML: did not find expected node content"),
        ("a: &x 1\nb: *x", "policy.yaml:1: anchors and aliases are not allowed"),
        ("a: [&x 1,*x]", "policy.yaml:1: anchors and aliases are not allowed"),
        ("a: [1,*x]", "policy.yaml:1: anchors and aliases are not allowed"),
        ("{a:\t&x 1}", "policy.yaml:1: anchors and aliases are not allowed"),
        ("&x a: 1", "policy.yaml:1: anchors and aliases are not allowed"),
        (String(repeating: "[", count: 100_000), "policy.yaml:1: nested too deeply"),
        (String(repeating: "- ", count: 1000) + "x", "policy.yaml:1: nested too deeply"),
        (
            String(repeating: "#", count: 300_000),
            "policy.yaml: has 300000 bytes, at most 262144"
        ),
        (
            "fule: 1\ndefaults:\n  memory: -5\n  timers: x",
            """
            policy.yaml:1: unknown key fule
            policy.yaml:3: defaults.memory: must not be negative
            policy.yaml:4: defaults.timers: expected a number; write 200, 200k, 2M or 2G, found x
            """
        ),
    ]

    @Test(arguments: mistakes)
    func `a mistake is told with its line`(_ text: String, _ message: String) {
        #expect(Self.errors(text) == message)
    }

    @Test func `a key that is there twice is an error`() {
        #expect(Self.errors("defaults: {}\ndefaults: {}").contains("defaults is there twice"))
    }

    @Test func `a limit above the node's total is an error`() {
        var totals = NodeTotals()
        totals.memory = 1 << 20
        #expect(
            Self.errors("defaults:\n  memory: 2MiB", totals: totals)
                == "policy.yaml:2: defaults.memory: 2MiB is more than the node's total of 1MiB"
        )
    }

    @Test func `a file that is not there is an error`() {
        #expect(throws: ConfigurationErrors.self) {
            try PolicyFile.load(path: "/nonexistent/policy.yaml")
        }
    }
}
