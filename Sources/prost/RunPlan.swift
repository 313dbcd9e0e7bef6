internal import Chord
internal import Cryptography
internal import Foundation
internal import KBR
internal import Logging
internal import NIOCore
internal import PROSTNode
internal import PROSTService
internal import PROSTTransport
internal import Wire

/// What a run needs, from flags over the configuration file over defaults.
struct RunPlan {
    var directory: String
    var settings: NodeService.Settings
    var join: [JoinAddress] = []
    var policyFile: String?
    var logLevel: Logger.Level = .info

    init(_ command: RunCommand) throws {
        let file = try command.config.map(ConfigurationFiles.service) ?? ServiceConfiguration()
        guard let directory = command.dataDir ?? file.dataDirectory else {
            throw CommandFailure(
                .usage,
                "no data folder was given",
                hint: "use --data-dir FOLDER, or node.data_dir in a --config file"
            )
        }
        guard let ring = command.ring ?? file.ringName else {
            throw CommandFailure(
                .usage,
                "no ring was named",
                hint: "use --ring NAME, or ring.name in a --config file"
            )
        }
        try Self.checkName(ring, "--ring")
        self.directory = directory
        settings = try Self.addresses(command, file)
        settings.node.ring = ring
        settings.node.name =
            command.name ?? file.nodeName
            ?? URL(fileURLWithPath: directory).lastPathComponent
        if let name = command.name { try Self.checkName(name, "--name") }
        try readRingParameters(command, file)
        if let grace = file.shutdownGrace { settings.node.shutdownGrace = grace }
        settings.totals = file.totals
        guard (1...64).contains(command.lanes) else {
            throw CommandFailure(.usage, "--lanes takes 1 to 64, not \(command.lanes)")
        }
        settings.lanes = command.lanes
        policyFile = command.policy ?? file.policyFile
        if let policyFile { settings.policy = try ConfigurationFiles.policy(policyFile) }
        settings.operatorKey =
            try command.operatorKey.map(ConfigurationFiles.operatorKey) ?? file.operatorKey
        settings.joinToken = try (command.joinToken ?? file.joinTokenFile)
            .map(ConfigurationFiles.joinToken)
        join = try file.join + command.join.map(Self.joinAddress)
        if let name = command.logLevel ?? file.logLevel?.rawValue {
            guard let level = Logger.Level(rawValue: name) else {
                throw CommandFailure(
                    .usage,
                    "there is no log level '\(name)'",
                    hint: LogLevel.allCases.map(\.rawValue).joined(separator: ", ")
                )
            }
            logLevel = level
        }
    }

    private mutating func readRingParameters(
        _ command: RunCommand,
        _ file: ServiceConfiguration
    ) throws {
        let successors = command.successors ?? file.successors ?? 3
        guard (2...16).contains(successors) else {
            throw CommandFailure(.usage, "--successors takes 2 to 16, not \(successors)")
        }
        settings.node.chord = ChordConfiguration(successorListLength: successors)
        if let name = command.geometry {
            guard let geometry = Geometry(rawValue: name) else {
                let all = Geometry.allCases.map(\.rawValue).joined(separator: ", ")
                throw CommandFailure(.usage, "there is no geometry '\(name)'", hint: all)
            }
            settings.node.chord.geometry = geometry
        } else {
            settings.node.chord.geometry = file.geometry ?? .chord
        }
        settings.node.replicas = command.replicas ?? file.replicas ?? 3
        guard (1...16).contains(settings.node.replicas) else {
            throw CommandFailure(.usage, "--replicas takes 1 to 16")
        }
    }

    /// What no other node would accept is refused here.
    private static func checkName(_ name: String, _ flag: String) throws {
        guard ServiceConfiguration.isName(name) else {
            throw CommandFailure(
                .usage,
                "\(flag) takes a name of 1 to \(WireLimits.ringName) bytes without control "
                    + "characters; this one has \(Words.count(name.utf8.count, "byte"))"
            )
        }
    }

    private static func addresses(
        _ command: RunCommand,
        _ file: ServiceConfiguration
    ) throws -> NodeService.Settings {
        let text = command.listen ?? file.listen.map { "\($0)" } ?? "127.0.0.1:0"
        var settings = NodeService.Settings(listen: try endpoint(text, "--listen"))
        if let advertise = command.advertise ?? file.advertise.map({ "\($0)" }) {
            settings.advertise = try endpoint(advertise, "--advertise")
        }
        guard !(settings.advertise ?? settings.listen).isUnspecified else {
            throw CommandFailure(
                .usage,
                "others cannot dial \(text)",
                hint: "use --advertise HOST:PORT"
            )
        }
        return settings
    }

    private static func joinAddress(_ text: String) throws -> JoinAddress {
        guard let address = JoinAddress(text) else {
            throw CommandFailure(.usage, "--join takes [ID@]HOST:PORT, not '\(text)'")
        }
        return address
    }

    private static func endpoint(_ text: String, _ flag: String) throws -> Endpoint {
        guard let address = HostPort(text) else {
            throw CommandFailure(.usage, "\(flag) takes HOST:PORT, not '\(text)'")
        }
        do {
            let resolved = try SocketAddress.makeAddressResolvingHost(
                address.host,
                port: Int(address.port)
            )
            if let endpoint = Endpoint(resolved) { return endpoint }
        } catch {
            throw CommandFailure(.usage, "\(flag): \(address.host) cannot be resolved: \(error)")
        }
        throw CommandFailure(.usage, "\(flag): \(address.host) is no IP address")
    }
}
