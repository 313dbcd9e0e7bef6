internal import Cryptography
internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import SansIO
internal import Wire

/// A package that a local client hands over, until the loader has judged it.
struct Deployment: Hashable, Sendable {
    var client: UInt64
    var request: UInt64
    var application: ApplicationID
    var locator: String
}

// Commands of local clients over the node's own socket (`Spec/wire.md` §12).
extension Node {
    mutating func receive(_ request: ClientRequest, from client: UInt64) {
        clients.insert(client)
        switch request.command {
        case .status: respond(client, request.number, statusDocument())
        case .ring: respond(client, request.number, ringDocument())
        case .applications: respond(client, request.number, applicationsDocument())
        case .lookup(let key): lookup(key, client, request.number)
        case .deploy(let package, let locator):
            deploy(package, locator, client, request.number)
        case .explain(let package): explain(package, client, request.number)
        case .call(let call): self.call(call, client, request.number)
        case .leave:
            respond(
                client,
                request.number,
                .object([.init("leaving", .flag(true))])
            )
            beginDeparture()
        }
    }

    mutating func respond(
        _ client: UInt64,
        _ number: UInt64,
        status: ClientStatus = .done,
        isLast: Bool = true,
        _ document: Document
    ) {
        let response = ClientResponse(
            number: number,
            status: status,
            isLast: isLast,
            document: document
        )
        effects(
            .respond(
                client: client,
                Frame(kind: ClientFrameKind.response.rawValue, body: response.wireBytes)
            )
        )
    }

    private mutating func fail(
        _ client: UInt64,
        _ number: UInt64,
        _ status: ClientStatus,
        _ message: String,
        hint: String? = nil
    ) {
        respond(
            client,
            number,
            status: status,
            .object([
                .init("message", .text(message)), .init("hint", .optional(hint)),
            ])
        )
    }

    mutating func clientGone(_ client: UInt64) {
        clients.remove(client)
        for nonce in requests.nonces(where: { $0.isClient(client) }) { dropRequest(nonce) }
        for id in instances.keys.sorted() where exports(.clientGone, id) {
            var event = UpcallEvent(.clientGone)
            event.client = client
            event.status = Int64(bitPattern: client)
            postAlways(MailboxEntry(event, .clientGone), to: id)
        }
    }

    private func exports(_ upcall: Upcall, _ id: InstanceID) -> Bool {
        applications[id.application]?.exports(upcall) ?? false
    }

    mutating func push(
        _ payload: [UInt8],
        type: UInt16,
        to client: UInt64,
        from application: ApplicationID
    ) {
        guard clients.contains(client) else { return }
        let push = ClientPush(application: application, type: type, payload: payload)
        effects(
            .respond(
                client: client,
                Frame(kind: ClientFrameKind.push.rawValue, body: push.wireBytes)
            )
        )
    }

    // MARK: call

    private mutating func call(_ call: ClientCall, _ client: UInt64, _ number: UInt64) {
        guard let hosted = application(named: call.application) else {
            return fail(
                client,
                number,
                .notFound,
                "no application '\(call.application)' on this node",
                hint: "prost app list; prost deploy FILE"
            )
        }
        let id = hosted.instance(for: call.key)
        let type = UInt16(call.method)
        guard type != nil ? hosted.exports(.client) : hosted.serves(method: call.method) else {
            return fail(
                client,
                number,
                .notFound,
                "\(hosted.name) has no method '\(call.method)'",
                hint: "methods: " + hosted.methods.joined(separator: ", ")
            )
        }
        guard hosted.fits(.client, payload: call.payload.count) else {
            return fail(
                client,
                number,
                .badInput,
                "\(call.payload.count) bytes are more than \(hosted.name) takes in one request"
            )
        }
        let timeout = TimeSpan.milliseconds(UInt64(max(call.timeoutMilliseconds, 1)))
        let waiter = RequestWaiter.client(client, request: number)
        let handle = makeHandle(for: waiter, timeout: timeout)
        ledger.inject(call.fuel)
        let replyFuel = BudgetRules.replyShare(of: call.fuel)
        requests.add(
            PendingRequest(
                waiter: waiter,
                handle: handle,
                deadline: now.instant + timeout,
                replyFuel: replyFuel
            )
        )
        timers.set(.requestDeadline(handle.nonce), at: now.instant + timeout)
        var event = UpcallEvent(.client)
        event.flags = [.client, .request]
        event.type = type ?? 0
        event.method = type == nil ? call.method : nil
        event.key = call.key
        event.origin = self.handle
        event.client = client
        event.replyHandle = handle
        event.payload = call.payload
        let budget = call.fuel - replyFuel
        guard post(MailboxEntry(event, .client(nonce: handle.nonce), budget: budget), to: id)
        else {
            ledger.burn(budget)
            dropRequest(handle.nonce)
            return fail(
                client,
                number,
                .temporary,
                "\(hosted.name) takes no requests now",
                hint: instances[id].map { record in
                    "\(record.state)" + (record.stopCause.map { ": \($0)" } ?? "")
                }
            )
        }
    }

    /// By name, or by the first digits of the identifier if they are unambiguous.
    private func application(named name: String) -> HostedApplication? {
        let named = applications.values.filter { $0.name == name }
        if named.count == 1 { return named.first }
        guard name.count >= 4 else { return nil }
        let matching = applications.filter {
            $0.key.identifier.hexadecimal.hasPrefix(name.lowercased())
        }
        return matching.count == 1 ? matching.first?.value : nil
    }

    /// The answer to a client's call or lookup.
    mutating func respond(
        to client: UInt64,
        number: UInt64,
        status: Int64,
        payload: [UInt8],
        isLast: Bool,
        from responder: NodeHandle,
        hops: UInt8,
        spent: UInt64
    ) {
        let error = HostError(rawValue: status)
        respond(
            client,
            number,
            status: ClientStatus(answer: status),
            isLast: isLast,
            .object([
                .init("status", .integer(status)),
                .init("error", .optional(error.map { "\($0)" })),
                .init("payload", .bytes(payload)),
                .init("node", .text(responder.id.hexadecimal)),
                .init("address", .text("\(responder.endpoint)")),
                .init("hops", .integer(Int64(hops))),
                .init("fuel", .unsigned(spent)),
            ])
        )
    }

    // MARK: lookup

    /// Routes a traced message of the node's own to the root of a key.
    private mutating func lookup(_ key: Identifier, _ client: UInt64, _ number: UInt64) {
        let timeout = TimeSpan.seconds(5)
        let waiter = RequestWaiter.client(client, request: number)
        let handle = makeHandle(for: waiter, timeout: timeout)
        var message = RoutedMessage(
            id: MessageID(high: random.next(), low: handle.nonce),
            destination: key,
            application: RoutedMessage.system,
            applicationType: 1,
            hopMode: .none,
            type: 0,
            remaining: UInt32(clamping: timeout.milliseconds),
            budget: 0,
            origin: self.handle,
            code: RoutedMessage.Code(digest: .zero, version: 0, locator: ""),
            payload: []
        )
        message.flags = [.request, .traced]
        message.replyHandle = handle
        message.trace = [self.handle]
        startRequest(message, hint: nil, waiter: waiter, timeout: timeout, budget: 0)
    }

    // MARK: deploy

    private mutating func deploy(
        _ package: [UInt8],
        _ locator: String,
        _ client: UInt64,
        _ number: UInt64
    ) {
        guard let digest = PackageDigest(bytes: SHA256.digest(package)) else { return }
        do throws(LocatorError) {
            try CodeLocator.checkOffer(locator, of: digest)
        } catch {
            return fail(
                client,
                number,
                .badInput,
                "\(error)",
                hint: "ring:sha256:DIGEST or https://HOST/PATH, where other nodes can fetch it"
            )
        }
        let application: ApplicationID
        do throws(PackageError) {
            let signed = try PackageReader.checkEnvelope(
                package,
                expecting: digest.bytes,
                now: now.wall
            )
            guard let id = signed.manifest.application else { throw .badSignature }
            application = id
        } catch {
            return fail(client, number, error.isRefusal ? .refused : .badInput, "\(error)")
        }
        let token = uniqueNumber() | 1 << 63
        deployments[token] = Deployment(
            client: client,
            request: number,
            application: application,
            locator: locator
        )
        let request = CodeRequest(
            digest: digest,
            application: application,
            version: nil,
            sources: CodeSources(isLocalClient: true),
            message: Array("deploy".utf8),
            waiting: WaitingMessage(
                token: token,
                application: application,
                link: nil,
                byteCount: UInt64(package.count)
            )
        )
        let now = now
        var answer = CodeAnswer.pending
        withLoader { answer = $0.install(package, request, at: now, &$1) }
        switch answer {
        case .pending: break
        case .ready(let peerlet):
            host(peerlet)
            if let deployment = deployments.removeValue(forKey: token) {
                deployed(deployment, nil)
            }
        case .refused(let error):
            if let deployment = deployments.removeValue(forKey: token) {
                deployed(deployment, error)
            }
        }
    }

    mutating func deployed(_ deployment: Deployment, _ error: LoadError?) {
        if let error {
            var status = ClientStatus.badInput
            if error.isRefusal { status = .refused }
            if error.isTemporary { status = .temporary }
            return fail(
                deployment.client,
                deployment.request,
                status,
                "\(error)",
                hint: status == .refused ? "prost policy explain FILE" : nil
            )
        }
        applications[deployment.application]?.code.locator = deployment.locator
        guard let hosted = applications[deployment.application] else {
            return fail(
                deployment.client,
                deployment.request,
                .refused,
                "the policy does not allow it"
            )
        }
        let id = hosted.instance(for: handle.id)
        let runs = hosted.peerlet.manifest.instanceClass == .keyed || ensureInstance(id)
        respond(
            deployment.client,
            deployment.request,
            status: runs ? .done : .temporary,
            .object([
                .init("application", .text(hosted.peerlet.application.identifier.hexadecimal)),
                .init("name", .text(hosted.name)),
                .init(
                    "version",
                    .text(PackageVersion.text(hosted.peerlet.manifest.version))
                ),
                .init("digest", .text(hosted.code.digest.hexadecimal)),
                .init("node", .text(handle.id.hexadecimal)),
                .init("running", .flag(runs)),
            ])
        )
    }

    // MARK: explain

    private mutating func explain(_ package: [UInt8], _ client: UInt64, _ number: UInt64) {
        do throws(PackageError) {
            let signed = try PackageReader.inspect(package)
            guard let explanation = policy.explanation(of: signed) else { throw .badSignature }
            respond(
                client,
                number,
                status: explanation.isAllowed ? .done : .refused,
                Document(explanation)
            )
        } catch {
            fail(client, number, error.isRefusal ? .refused : .badInput, "\(error)")
        }
    }
}
