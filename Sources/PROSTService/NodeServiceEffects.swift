internal import Cryptography
internal import KBR
internal import Logging
internal import NIOCore
internal import PROSTNode
internal import PROSTTransport
internal import PeerletRuntime
internal import SansIO
internal import Wire

// One switch over everything the core asks for.
extension NodeService {
    func carryOut(_ effect: NodeEffect) {
        switch effect {
        case .send(let frame, let peer, let priority): send(frame, to: peer, priority)
        case .execute(let invocation):
            lanes?.submit(.execute(invocation), for: invocation.instance)
        case .finish(let invocation, let instance, let isAccepted):
            lanes?.submit(.finish(invocation, isAccepted: isAccepted), for: instance)
        case .dropInstance(let instance): lanes?.submit(.drop(instance), for: instance)
        case .check(let check): lanes?.submit(.check(check))
        case .commit(let batch, let number): writer?.commit(batch, number: number)
        case .readRows(let request, let application, let arc, let after):
            lanes?.submit(.rows(request, application, arc, after: after))
        case .readDigest(let request, let application, let arc):
            lanes?.submit(.digest(request, application, arc))
        case .readUsage(let application): lanes?.submit(.usage(application))
        case .readSnapshot(let request, let instance):
            lanes?.submit(.snapshot(request, instance))
        case .download(let download): start(download)
        case .cancelDownload(_, let attempt): downloads.removeValue(forKey: attempt)?.cancel()
        case .respond(let client, let frame):
            if let id = clients.recipient(client, of: frame) { _ = socket.send(frame, to: id) }
        case .neighbors(let nodes): transport.setNeighbours(nodes)
        case .log(let event): log(event)
        case .left: hasLeft()
        }
    }

    private func send(_ frame: Frame, to peer: NodeHandle, _ priority: NodeEffect.Priority) {
        let outcome = transport.send(
            frame,
            to: peer,
            priority: priority == .bulk ? .bulk : .control
        )
        guard case .refused(let why) = outcome else { return }
        // A full queue is the peer's slowness, not its death: the time-out decides.
        if why != .queueFull, why != .invalidFrame { input(.undeliverable(frame, to: peer)) }
    }

    private func start(_ download: CodeDownload) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let loop = eventLoop
        let (digest, attempt) = (download.digest, download.attempt)
        downloads[attempt] = Task {
            let result = await PackageDownload.run(download) { bytes in
                loop.execute {
                    bound.value.input(.downloading(digest, attempt: attempt, bytes: bytes))
                }
            }
            loop.execute {
                bound.value.downloads[attempt] = nil
                bound.value.input(.downloaded(digest, attempt: attempt, result))
            }
        }
    }

    private func log(_ event: NodeEvent) {
        let level: Logger.Level =
            switch event.level {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        guard isWithinQuota(event) else { return }
        var metadata: Logger.Metadata = [:]
        for field in event.fields { metadata[field.name] = .string(field.value) }
        logger.log(level: level, "\(event.name)", metadata: metadata)
    }

    /// Peers cause log lines, so a flood of one name is cut to twenty lines a second.
    ///
    /// What peerlets write has a quota of its own.
    private func isWithinQuota(_ event: NodeEvent) -> Bool {
        guard event.level < .error, event.name != "peerlet.log" else { return true }
        let second = SystemClock.monotonic.nanoseconds / 1_000_000_000
        var window = logWindows[event.name] ?? (second, 0)
        if window.second != second { window = (second, 0) }
        window.lines += 1
        logWindows[event.name] = window
        return window.lines <= 20
    }

    // MARK: Events

    func heard(_ event: TransportEvent) {
        switch event {
        case .frame(let frame, let peer): input(.frame(frame, from: peer.node))
        case .peerUp(let peer): input(.peerUp(peer.node))
        case .peerDown(let id, _): input(.peerDown(id))
        case .undeliverable(let frame, let peer, _): input(.undeliverable(frame, to: peer))
        case .rejected(let address, let end):
            logger.debug(
                "connection.rejected",
                metadata: [
                    "address": .string(address.map { "\($0)" } ?? "?"), "why": .string("\(end)"),
                ]
            )
        }
    }

    func heard(_ event: LocalSocketEvent) {
        switch event {
        case .opened(let client): clients.add(client)
        case .frame(let frame, let client): receive(frame, from: client)
        case .closed(let client):
            clients.remove(client)
            input(.clientGone(client.number))
        }
    }

    private func receive(_ frame: Frame, from client: LocalClientID) {
        guard frame.kind == ClientFrameKind.request.rawValue,
            let request = try? ClientRequest(wireBytes: frame.body, "request")
        else { return socket.close(client) }
        guard clients.begin(client) else {
            _ = socket.send(LocalClients.refusal(of: request), to: client)
            return
        }
        input(.client(client.number, request))
    }
}
