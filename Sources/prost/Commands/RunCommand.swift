internal import ArgumentParser
internal import Wire
internal import PeerletPackage
internal import Cryptography
internal import Chord
internal import Dispatch
internal import Foundation
internal import KBR
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import PROSTNode
internal import PROSTService
internal import PROSTTransport
internal import SansIO
internal import Synchronization

/// The daemon.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a node until it is told to stop.",
        discussion: """
            Without --join the node founds a ring, or enters the one that its folder
            remembers. With --join it tries until a member answers. SIGTERM and SIGINT hand
            over and leave; a second one stops at once. SIGHUP reads the policy file again.

            EXAMPLES
              prost run --data-dir n1 --ring lab --listen 127.0.0.1:7401 --policy p.yaml
              prost run --data-dir n2 --ring lab --listen 127.0.0.1:0 --join 127.0.0.1:7401
            """
    )

    @Option(name: .long, help: "Configuration file (YAML); flags win over it.")
    var config: String?
    @Option(name: .long, help: "The node's folder: key, store, socket.")
    var dataDir: String?
    @Option(name: .long, help: "Name of the ring; other rings are refused.")
    var ring: String?
    @Option(name: .long, help: "Name of this node in logs and tables.")
    var name: String?
    @Option(name: .long, help: "Address to listen on, HOST:PORT; port 0 takes a free one.")
    var listen: String?
    @Option(name: .long, help: "Address that other nodes dial, if it is another one.")
    var advertise: String?
    @Option(name: .long, help: "A member of the ring to join, [ID@]HOST:PORT; may be repeated.")
    var join: [String] = []
    @Option(name: .long, help: "Length r of successor lists, the same on the whole ring.")
    var successors: Int?
    @Option(name: .long, help: "Replica count, the same on the whole ring.")
    var replicas: Int?
    @Option(name: .long, help: "Policy file; without one no peerlet runs.")
    var policy: String?
    @Option(
        name: .long,
        help: "Closes the ring: the operator's public key, a minisign file or its line."
    )
    var operatorKey: String?
    @Option(name: .long, help: "The operator's token for this node (prost-asm token).")
    var joinToken: String?
    @Option(name: .long, help: "Execution lanes (worker threads).")
    var lanes: Int = 1
    @Option(name: .long, help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?
    @Flag(name: .long, help: "Print one JSON line on standard output when the node listens.")
    var json = false

    func run() async throws {
        try await reporting(asJSON: json) { try await serve() }
    }

    private func serve() async throws {
        // The store holds what peerlets keep: no file of a node is for others.
        _ = umask(0o077)
        let plan = try RunPlan(self)
        let level = plan.logLevel
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        let logger = Logger(label: plan.settings.node.name)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        let directory: DataDirectory
        do {
            directory = try DataDirectory(path: plan.directory)
        } catch {
            throw CommandFailure(.cannotCreate, "\(error)")
        }
        let service: NIOLoopBound<NodeService>
        do {
            service = try await NodeService.start(
                on: loop,
                directory: directory,
                settings: plan.settings,
                logger: logger
            )
        } catch let error as IOError {
            throw CommandFailure(
                .cannotCreate,
                "cannot listen on \(plan.settings.listen): \(unsafe String(cString: strerror(error.errnoCode)))",
                hint: "choose another --listen; port 0 takes a free one"
            )
        }
        let (handle, key) = try await loop.submit {
            (service.value.handle, service.value.publicKey)
        }.get()
        let signals = SignalWatch(loop: loop, service: service, policy: plan.policyFile)
        announce(handle, key, plan, directory)
        try await enter(service, loop, plan, logger)
        try await loop.flatSubmit { service.value.left }.get()
        let failure = try await loop.submit { service.value.storeError }.get()
        try await loop.flatSubmit { service.value.shutdown() }.get()
        signals.stop()
        if let failure {
            throw CommandFailure(
                .io,
                "the store in \(directory.path) could not be written: \(failure)",
                hint: "make room or repair the disk, then start the node again"
            )
        }
    }

    private func announce(
        _ handle: NodeHandle,
        _ key: [UInt8],
        _ plan: RunPlan,
        _ directory: DataDirectory
    ) {
        let document = Document.object([
            .init("event", .text("listening")),
            .init("id", .text(handle.id.hexadecimal)),
            .init("address", .text("\(handle.endpoint)")),
            .init("key", .text(Hexadecimal.text(key))),
            .init("ring", .text(plan.settings.node.ring)),
            .init("name", .text(plan.settings.node.name)),
            .init("socket", .text(directory.socketFile)),
            .init("process", .integer(Int64(ProcessInfo.processInfo.processIdentifier))),
        ])
        if json {
            print(JSONText.line(document))
            fflush(nil)
        } else {
            Terminal.error(
                "node \(plan.settings.node.name) \(handle.id), key \(Hexadecimal.text(key)), "
                    + "listens on \(handle.endpoint), ring \(plan.settings.node.ring), folder \(directory.path)"
            )
        }
    }

    /// Founds a ring or joins one, trying again while nobody answers.
    private func enter(
        _ service: NIOLoopBound<NodeService>,
        _ loop: any EventLoop,
        _ plan: RunPlan,
        _ logger: Logger
    ) async throws {
        let known = try await loop.submit { service.value.knownContacts }.get()
        if plan.join.isEmpty, known.isEmpty {
            return try await loop.submit { service.value.input(.found) }.get()
        }
        var contacts = known
        var wait = 100
        while true {
            for address in plan.join {
                do {
                    contacts.append(
                        try await loop.flatSubmit { service.value.contact(address) }.get()
                    )
                } catch {
                    logger.warning(
                        "join.contact_failed",
                        metadata: ["address": "\(address)", "error": "\(error)"]
                    )
                    if case .refusedByPeer(let refusal)? = error as? ConnectionEnd,
                        refusal.reason.isFinal
                    {
                        throw CommandFailure(
                            .refused,
                            "\(address) refused this node: \(error)"
                        )
                    }
                }
            }
            if !contacts.isEmpty { break }
            if try await loop.submit({ service.value.isGone }).get() { return }
            try await Task.sleep(for: .milliseconds(wait))
            wait = min(wait * 2, 5000)
        }
        let found = contacts
        try await loop.submit { service.value.join(found) }.get()
    }
}

/// What a run needs, from flags over the configuration file over defaults.
struct RunPlan {
    var directory: String
    var settings: NodeService.Settings
    var join: [JoinAddress] = []
    var policyFile: String?
    var logLevel: Logger.Level = .info

    init(_ command: RunCommand) throws {
        var file = ServiceConfiguration()
        if let path = command.config {
            do { file = try ServiceConfiguration.load(path: path) } catch {
                throw CommandFailure(.configuration, "\(error)")
            }
        }
        guard let directory = command.dataDir ?? file.dataDirectory else {
            throw CommandFailure(
                .usage,
                "no data folder was given",
                hint: "use --data-dir FOLDER"
            )
        }
        self.directory = directory
        let text = command.listen ?? file.listen.map { "\($0)" } ?? "127.0.0.1:0"
        settings = NodeService.Settings(listen: try Self.endpoint(text, "--listen"))
        if let advertise = command.advertise ?? file.advertise.map({ "\($0)" }) {
            settings.advertise = try Self.endpoint(advertise, "--advertise")
        }
        if (settings.advertise ?? settings.listen).isUnspecified {
            throw CommandFailure(
                .usage,
                "others cannot dial \(text)",
                hint: "use --advertise HOST:PORT"
            )
        }
        guard let ring = command.ring ?? file.ringName else {
            throw CommandFailure(.usage, "no ring was named", hint: "use --ring NAME")
        }
        settings.node.ring = ring
        settings.node.name =
            command.name ?? file.nodeName
            ?? URL(fileURLWithPath: directory).lastPathComponent
        let successors = command.successors ?? file.successors ?? 3
        guard (2...16).contains(successors) else {
            throw CommandFailure(.usage, "--successors takes 2 to 16, not \(successors)")
        }
        settings.node.chord = ChordConfiguration(
            successorListLength: successors
        )
        settings.node.replicas = command.replicas ?? file.replicas ?? 3
        guard (1...16).contains(settings.node.replicas) else {
            throw CommandFailure(.usage, "--replicas takes 1 to 16")
        }
        if let grace = file.shutdownGrace { settings.node.shutdownGrace = grace }
        settings.totals = file.totals
        settings.lanes = max(1, min(command.lanes, 64))
        policyFile = command.policy ?? file.policyFile
        if let policyFile {
            do { settings.policy = try PolicyFile.load(path: policyFile) } catch {
                throw CommandFailure(.configuration, "\(error)")
            }
        }
        try readMembership(command)
        join = file.join
        for text in command.join {
            guard let address = JoinAddress(text) else {
                throw CommandFailure(.usage, "--join takes [ID@]HOST:PORT, not '\(text)'")
            }
            join.append(address)
        }
        if let name = command.logLevel ?? file.logLevel?.rawValue {
            guard let level = Logger.Level(rawValue: name) else {
                throw CommandFailure(.usage, "there is no log level '\(name)'")
            }
            logLevel = level
        }
    }

    /// Who lets nodes in, and what lets this one in.
    private mutating func readMembership(_ command: RunCommand) throws {
        if let text = command.operatorKey {
            let file = FileManager.default.contents(atPath: text).map(Array.init)
            do throws(MinisignError) {
                let key = try MinisignPublicKey(file: file ?? Array(text.utf8))
                settings.operatorKey = key.key
            } catch {
                throw CommandFailure(.badInput, "--operator-key: \(error)")
            }
        }
        if let path = command.joinToken {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw CommandFailure(.noInput, "cannot read \(path)")
            }
            do throws(WireError) {
                settings.joinToken = try JoinToken(wireBytes: Array(data), "join token")
            } catch {
                throw CommandFailure(.badInput, "\(path): \(error)")
            }
        }
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

/// Signals of the daemon, handled on the event loop.
final class SignalWatch {
    private var sources: [any DispatchSourceSignal] = []

    init(loop: any EventLoop, service: NIOLoopBound<NodeService>, policy: String?) {
        let stops = SignalCount()
        for number in [SIGTERM, SIGINT] {
            watch(number) {
                if stops.increment() > 1 { exit(130) }
                loop.execute { service.value.input(.leave) }
            }
        }
        watch(SIGHUP) {
            guard let policy else { return }
            loop.execute { service.value.reloadPolicy(policy) }
        }
    }

    private func watch(_ number: Int32, _ body: @escaping @Sendable () -> Void) {
        _ = signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler(handler: DispatchWorkItem(block: body))
        source.resume()
        sources.append(source)
    }

    func stop() { for source in sources { source.cancel() } }
}

/// Counts signals from any thread.
private final class SignalCount: Sendable {
    private let count = Mutex(0)

    func increment() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }
}
