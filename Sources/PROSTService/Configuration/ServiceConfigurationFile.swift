internal import Chord
internal import PROSTNode
internal import SansIO
package import StrictYAML
internal import Wire

/// Reads a node's configuration file (`Spec/policy.md` §7).
extension ServiceConfiguration {
    private static let documentKeys = [
        "node", "ring", "chord", "limits", "policy", "log", "shutdown",
    ]
    package static let successorRange: ClosedRange<UInt64> = 2...16
    package static let replicaRange: ClosedRange<UInt64> = 1...16

    /// Whether a node or ring may be called that: 1 to 64 bytes of printable text.
    package static func isName(_ text: String) -> Bool {
        (1...WireLimits.ringName).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    /// The configuration at `path`; relative paths in it are relative to its folder.
    package static func load(path: String) throws(ConfigurationErrors) -> ServiceConfiguration {
        var configuration = try parse(try StrictYAML.text(at: path), file: path)
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        configuration.dataDirectory = configuration.dataDirectory.map { absolute($0, folder) }
        configuration.policyFile = configuration.policyFile.map { absolute($0, folder) }
        configuration.joinTokenFile = configuration.joinTokenFile.map { absolute($0, folder) }
        return configuration
    }

    private static func absolute(_ path: String, _ folder: String) -> String {
        path.hasPrefix("/") ? path : folder + path
    }

    package static func parse(
        _ text: String,
        file: String
    ) throws(ConfigurationErrors) -> ServiceConfiguration {
        var yaml = StrictYAML(file: file)
        var configuration = ServiceConfiguration()
        let document = yaml.document(text, keys: documentKeys)
        configuration.readNode(document["node"], &yaml)
        configuration.readRing(document["ring"], &yaml)
        configuration.readChord(document["chord"], &yaml)
        configuration.readLimits(document["limits"], &yaml)
        configuration.policyFile = yaml.text(document["policy"])
        if let entry = document["log"] {
            let entries = yaml.mapping(entry, keys: ["level"])
            configuration.logLevel = yaml.choice(entries["level"], LogLevel.self)
        }
        if let entry = document["shutdown"] {
            let entries = yaml.mapping(entry, keys: ["grace"])
            configuration.shutdownGrace = yaml.duration(entries["grace"])
                .map(TimeSpan.init(nanoseconds:))
        }
        try yaml.finish()
        return configuration
    }

    private mutating func readNode(_ entry: StrictYAML.Entry?, _ yaml: inout StrictYAML) {
        guard let entry else { return }
        let entries = yaml.mapping(entry, keys: ["name", "data_dir"])
        nodeName = yaml.name(entries["name"])
        dataDirectory = yaml.text(entries["data_dir"])
    }

    private mutating func readRing(_ entry: StrictYAML.Entry?, _ yaml: inout StrictYAML) {
        guard let entry else { return }
        let entries = yaml.mapping(
            entry,
            keys: ["name", "listen", "advertise", "join", "operator_key", "join_token"]
        )
        ringName = yaml.name(entries["name"])
        listen = yaml.address(entries["listen"], allowsAnyPort: true)
        advertise = yaml.address(entries["advertise"], allowsAnyPort: false)
        operatorKey = yaml.publicKey(entries["operator_key"])
        joinTokenFile = yaml.text(entries["join_token"])
        for item in yaml.list(entries["join"]) {
            guard let text = yaml.text(item) else { continue }
            if let address = JoinAddress(text) {
                join.append(address)
            } else {
                yaml.report(item, .invalid("expected [ID@]HOST:PORT"))
            }
        }
    }

    private mutating func readChord(_ entry: StrictYAML.Entry?, _ yaml: inout StrictYAML) {
        guard let entry else { return }
        let entries = yaml.mapping(entry, keys: ["successors", "replicas", "geometry"])
        successors = yaml.number(entries["successors"], Self.successorRange).map { Int($0) }
        geometry = yaml.choice(entries["geometry"], Geometry.self)
        replicas = yaml.number(entries["replicas"], Self.replicaRange).map { Int($0) }
        if let successors, let replicas, let entry = entries["replicas"],
            replicas > successors + 1
        {
            yaml.report(
                entry,
                .contradiction(
                    "\(replicas) replicas need at least \(replicas - 1) successors, "
                        + "there are \(successors)"
                )
            )
        }
    }

    private mutating func readLimits(_ entry: StrictYAML.Entry?, _ yaml: inout StrictYAML) {
        guard let entry else { return }
        let entries = yaml.mapping(
            entry,
            keys: ["fuel", "memory", "storage", "instances", "applications"]
        )
        totals.fuel = yaml.figure(entries["fuel"], .rate, least: 1) ?? totals.fuel
        totals.memory =
            yaml.figure(entries["memory"], .bytes, least: Limit.pageBytes) ?? totals.memory
        totals.storage = yaml.figure(entries["storage"], .bytes) ?? totals.storage
        totals.instances = yaml.number(entries["instances"], 1...1_000_000) ?? totals.instances
        totals.applications =
            yaml.number(entries["applications"], 1...65_536) ?? totals.applications
    }
}

extension StrictYAML {
    fileprivate mutating func name(_ entry: Entry?) -> String? {
        guard let entry, let text = text(entry) else { return nil }
        guard ServiceConfiguration.isName(text) else {
            report(entry, .invalid("a name has 1 to \(WireLimits.ringName) printable bytes"))
            return nil
        }
        return text
    }

    fileprivate mutating func address(_ entry: Entry?, allowsAnyPort: Bool) -> HostPort? {
        guard let entry, let text = text(entry) else { return nil }
        guard let address = HostPort(text) else {
            report(entry, .invalid("expected HOST:PORT or [ADDRESS]:PORT"))
            return nil
        }
        guard allowsAnyPort || address.port > 0 else {
            report(entry, .invalid("others cannot connect to port 0"))
            return nil
        }
        return address
    }
}
