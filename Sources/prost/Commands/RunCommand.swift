internal import ArgumentParser
internal import Cryptography
internal import Foundation
internal import KBR
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import PROSTNode
internal import PROSTService
internal import PROSTTransport
internal import PeerletRuntime
internal import Wire

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
              prost run --config node.yaml
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
    @Option(name: .long, help: "What the node knows of its ring: chord, one-hop or successors.")
    var geometry: String?
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
    @Flag(name: .long, help: "Leave when standard input ends: for programs that start nodes.")
    var lifeline = false
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
        let (directory, service) = try await start(plan, on: loop, logger)
        let (handle, key) = try await loop.submit {
            (service.value.handle, service.value.publicKey)
        }.get()
        let signals = SignalWatch(
            loop: loop,
            service: service,
            policy: plan.policyFile,
            isLifeline: lifeline
        )
        announce(handle, key, plan, directory)
        // Who is told to leave while it joins does not wait for whom it dials.
        let entry = Task {
            do {
                try await enter(service, loop, plan, logger)
            } catch {
                try await loop.submit { service.value.input(.leave) }.get()
                throw error
            }
        }
        try await loop.flatSubmit { service.value.left }.get()
        entry.cancel()
        let failure = try await loop.submit { service.value.storeError }.get()
        try await loop.flatSubmit { service.value.shutdown() }.get()
        signals.stop()
        if case .failure(let error) = await entry.result, !(error is CancellationError) {
            throw error
        }
        if let failure {
            throw CommandFailure(
                .io,
                "the store in \(directory.path) could not be written: \(failure)",
                hint: "make room or repair the disk, then start the node again"
            )
        }
    }

    private func start(
        _ plan: RunPlan,
        on loop: any EventLoop,
        _ logger: Logger
    ) async throws -> (DataDirectory, NIOLoopBound<NodeService>) {
        do {
            let directory = try DataDirectory(path: plan.directory)
            try Membership(plan, try directory.nodeKey().publicKey).check()
            let service = try await NodeService.start(
                on: loop,
                directory: directory,
                settings: plan.settings,
                logger: logger
            )
            return (directory, service)
        } catch let error as DataDirectoryError {
            throw CommandFailure(ExitStatus(error.reason), "\(error)", hint: error.advice)
        } catch let error as StoreError {
            throw CommandFailure(.io, "the store in \(plan.directory) cannot be used: \(error)")
        } catch let error as LocalSocketError {
            throw CommandFailure(.cannotCreate, "\(error)")
        } catch let error as IOError {
            throw CommandFailure(
                .cannotCreate,
                "cannot listen on \(plan.settings.listen): \(unsafe String(cString: strerror(error.errnoCode)))",
                hint: "choose another --listen; port 0 takes a free one"
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
        let (known, key) = try await loop.submit {
            (service.value.knownContacts, service.value.publicKey)
        }.get()
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
                    try Task.checkCancellation()
                    logger.warning(
                        "join.contact_failed",
                        metadata: ["address": "\(address)", "error": "\(error)"]
                    )
                    if case .refusedByPeer(let refusal)? = error as? ConnectionEnd,
                        refusal.reason.isFinal
                    {
                        throw CommandFailure(
                            .refused,
                            "\(address) refused this node: \(refusal)",
                            hint: Membership.advice(refusal.reason, plan.settings.node.ring, key)
                        )
                    }
                }
            }
            if !contacts.isEmpty { break }
            try await Task.sleep(for: .milliseconds(wait))
            wait = min(wait * 2, 5000)
        }
        let found = contacts
        try await loop.submit { service.value.join(found) }.get()
    }
}
