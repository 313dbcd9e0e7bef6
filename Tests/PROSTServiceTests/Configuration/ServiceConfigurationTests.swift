import Cryptography
import KBR
import PROSTNode
import PROSTService
import SansIO
import StrictYAML
import Testing
import Wire

struct ServiceConfigurationTests {
    static func errors(_ text: String) -> String {
        do throws(ConfigurationErrors) {
            _ = try ServiceConfiguration.parse(text, file: "node.yaml")
            return ""
        } catch { return error.description }
    }

    @Test func `a whole configuration is read`() throws {
        let id = String(repeating: "0f", count: 32)
        let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        let text = """
            node: { name: alpha, data_dir: data }
            ring:
              name: campus-test
              listen: 0.0.0.0:7400
              advertise: "[2001:db8::1]:7400"
              join: [node2.example.org:7400, \(id)@10.0.0.1:7401]
              operator_key: \(key)
              join_token: alpha.token
            chord: { successors: 8, replicas: 3 }
            limits: { fuel: 50M/s, memory: 512MiB, storage: 2GiB, instances: 100, applications: 9 }
            policy: policy.yaml
            log: { level: debug }
            shutdown: { grace: 10s }
            """
        let configuration = try ServiceConfiguration.parse(text, file: "node.yaml")
        #expect(configuration.nodeName == "alpha")
        #expect(configuration.ringName == "campus-test")
        #expect(configuration.listen == HostPort(host: "0.0.0.0", port: 7400))
        #expect(configuration.advertise?.host == "2001:db8::1")
        #expect(configuration.join.map(\.description).last == "\(id)@10.0.0.1:7401")
        #expect(configuration.operatorKey == Hexadecimal.bytes(key).flatMap(PublicKey.init(raw:)))
        #expect(configuration.joinTokenFile == "alpha.token")
        #expect(configuration.successors == 8)
        #expect(configuration.replicas == 3)
        #expect(configuration.totals.fuel == 50_000_000)
        #expect(configuration.totals.applications == 9)
        #expect(configuration.policyFile == "policy.yaml")
        #expect(configuration.logLevel == .debug)
        #expect(configuration.shutdownGrace == .seconds(10))
        #expect(try ServiceConfiguration.parse("", file: "x") == ServiceConfiguration())
    }

    static let mistakes: [(String, String)] = [
        ("nodes: {}", "node.yaml:1: unknown key nodes; did you mean node?"),
        (
            "ring:\n  lisen: 1",
            "node.yaml:2: ring: unknown key lisen; did you mean listen?"
        ),
        ("ring:\n  listen: x", "node.yaml:2: ring.listen: expected HOST:PORT or [ADDRESS]:PORT"),
        (
            "ring:\n  listen: a:70000",
            "node.yaml:2: ring.listen: expected HOST:PORT or [ADDRESS]:PORT"
        ),
        ("ring:\n  advertise: a:0", "node.yaml:2: ring.advertise: others cannot connect to port 0"),
        (
            "ring:\n  operator_key: RWx",
            "node.yaml:2: ring.operator_key: not a public key; write minisign's RW… line or 64 hexadecimal digits"
        ),
        ("ring:\n  join: [\"x@a:1\"]", "node.yaml:2: ring.join[0]: expected [ID@]HOST:PORT"),
        (
            "chord: { successors: 0 }",
            "node.yaml:1: chord.successors: 0 is not between 2 and 16"
        ),
        (
            "chord: { successors: 2, replicas: 4 }",
            "node.yaml:1: chord.replicas: 4 replicas need at least 3 successors, there are 2"
        ),
        (
            "shutdown: { grace: 10 }",
            "node.yaml:1: shutdown.grace: needs a unit; write 250ms, 10s, 5min, 1h or 2d"
        ),
        (
            "log: { level: debg }",
            "node.yaml:1: log.level: unknown value debg; allowed are trace, debug, info, notice, "
                + "warning, error, critical; did you mean debug?"
        ),
        ("limits: { memory: 1 }", "node.yaml:1: limits.memory: 1 is less than 4096"),
        (
            "node: { name: \"\(String(repeating: "x", count: 65))\" }",
            "node.yaml:1: node.name: a name has 1 to 64 printable bytes"
        ),
    ]

    @Test(arguments: mistakes)
    func `a mistake is told with its line`(_ text: String, _ message: String) {
        #expect(Self.errors(text) == message)
    }

    @Test(arguments: [
        ("a:1", true), ("[::1]:1", true), ("1.2.3.4:65535", true), ("", false), (":1", false),
        ("a", false), ("a:", false), ("a:+1", false), ("::1:1", false), ("[a]:1", false),
        ("a b:1", false), ("a@b:1", false), ("a/b:1", false),
    ])
    func `an address is a host and a port`(_ text: String, _ isValid: Bool) {
        #expect((HostPort(text) != nil) == isValid)
    }
}
