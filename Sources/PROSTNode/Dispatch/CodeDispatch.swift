internal import Chord
internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import SansIO
internal import Wire

// Code at hand, on its way, or refused (`Spec/loading.md`).
extension Node {
    enum CodeState {
        case ready(HostedApplication)
        case pending
        /// The owner's policy says no.
        case refused(String)
        case unavailable(String)
    }

    /// The code that a passage needs; when it is pending, the passage is resumed by its number.
    mutating func code(for number: UInt64, _ passage: Passage) -> CodeState {
        let message = passage.message
        return code(
            application: message.application,
            message.code,
            previous: passage.previous,
            origin: message.origin,
            message: message.id.bytes,
            waiting: WaitingMessage(
                token: number,
                application: message.application,
                link: passage.previous?.id,
                byteCount: UInt64(message.payload.count)
            )
        )
    }

    mutating func code(
        application: ApplicationID,
        _ code: RoutedMessage.Code,
        previous: NodeHandle?,
        origin: NodeHandle?,
        message: [UInt8],
        waiting: WaitingMessage?
    ) -> CodeState {
        if let hosted = applications[application],
            hosted.code.digest == code.digest || hosted.code.version >= code.version
        {
            return .ready(hosted)
        }
        if code.digest == .zero { return .unavailable("the message names no package") }
        return answer(
            CodeRequest(
                digest: PackageDigest(code.digest),
                application: application,
                version: code.version,
                sources: CodeSources(
                    previousHop: previous,
                    origin: origin?.id == handle.id ? nil : origin,
                    locator: code.locator,
                    isLocalClient: false
                ),
                message: message,
                waiting: waiting
            )
        )
    }

    private mutating func answer(_ request: CodeRequest) -> CodeState {
        var buffer = EffectBuffer<LoaderEffect>()
        let answer = loader.need(request, at: now, &buffer)
        defer { carryOut(&buffer) }
        switch answer {
        case .ready(let peerlet): return state(of: host(peerlet))
        case .pending: return .pending
        case .refused(let error): return state(of: error)
        }
    }

    private func state(of hosted: HostedApplication?) -> CodeState {
        hosted.map { .ready($0) } ?? .refused("the policy has changed")
    }

    private func state(of error: LoadError) -> CodeState {
        if case .policy = error { return .refused("\(error)") }
        return .unavailable("\(error)")
    }

    /// Takes an application in, or its newer version in place of an older one.
    @discardableResult
    mutating func host(_ peerlet: LoadedPeerlet) -> HostedApplication? {
        let id = peerlet.application
        guard let digest = PackageDigest(bytes: peerlet.digest) else { return nil }
        if let hosted = applications[id] {
            if hosted.peerlet.manifest.version >= peerlet.manifest.version { return hosted }
            loader.unpin(PackageDigest(hosted.code.digest))
        }
        guard let subject = PolicySubject(peerlet.manifest, digest),
            case .allow(let limits) = policy.decide(subject)
        else { return nil }
        let old = applications[id]
        guard old != nil || UInt64(applications.count) < admission.totals.applications else {
            log(.warning, "admission.refused", ["app": peerlet.manifest.name])
            return nil
        }
        var hosted = HostedApplication(
            peerlet: peerlet,
            limits: limits,
            parameters: policy.parameters(for: subject),
            code: RoutedMessage.Code(
                digest: digest.identifier,
                version: peerlet.manifest.version,
                locator: ""
            ),
            at: now.instant
        )
        hosted.storedBytes = old?.storedBytes
        hosted.ranges = old?.ranges
        hosted.inquiry = old?.inquiry
        hosted.configured = old?.configured
        if let old { hosted.log = old.log }
        if old == nil { endEvicted(id) }
        applications[id] = hosted
        loader.pin(digest)
        if hosted.storedBytes == nil { effects(.readUsage(id)) }
        storeForNode(
            NodeRows.write(NodeRows.hosted + id.identifier.bytes, hosted.code.wireBytes)
        )
        if hosted.isConsistent, hosted.ranges == nil { startRanges(of: id) }
        if let old { upgradeInstances(of: id, from: old) }
        resumeInstance(of: id)
        return applications[id]
    }

    /// An application that ran here before this node's restart runs again, without waiting for a
    /// message: its timers and repairs are its own.
    private mutating func resumeInstance(of application: ApplicationID) {
        guard restored.remove(application) != nil, let hosted = applications[application],
            hosted.peerlet.manifest.instanceClass != .keyed
        else { return }
        _ = ensureInstance(hosted.instance(for: handle.id), .restored)
    }

    mutating func withLoader(
        _ body: (inout CodeLoader, inout EffectBuffer<LoaderEffect>) -> Void
    ) {
        var buffer = EffectBuffer<LoaderEffect>()
        body(&loader, &buffer)
        carryOut(&buffer)
    }

    private mutating func carryOut(_ buffer: inout EffectBuffer<LoaderEffect>) {
        for effect in buffer.drain() { carryOut(effect) }
    }

    private mutating func carryOut(_ effect: LoaderEffect) {
        switch effect {
        case .fetch(let fetch, let peer): send(.fetch, fetch, to: peer, .bulk)
        case .probe(let fetch, let key): probe(fetch, key)
        case .download(let download): effects(.download(download))
        case .cancelDownload(let digest, let attempt):
            effects(.cancelDownload(digest, attempt: attempt))
        case .check(let check): effects(.check(check))
        case .commit(let batch): storeForNode(batch)
        case .resume(let waiting, let peerlet):
            host(peerlet)
            for message in waiting { resume(message.token) }
            rehost()
        case .abandon(let waiting, let error):
            for message in waiting { abandon(message.token, error) }
            rehost()
        case .loaded(let record):
            log(
                .info,
                "code.loaded",
                [
                    "app": "\(record.name) \(PackageVersion.text(record.version))",
                    "from": record.source,
                    "message": MessageID.cause(record.message), "bytes": "\(record.byteCount)",
                ]
            )
        }
    }

    /// Asks the nodes around a digest's key, which may have published the package there.
    private mutating func probe(_ fetch: CodeFetch, _ key: Identifier) {
        for peer in chord.localLookup(key, count: 4, safe: false) where peer.id != handle.id {
            send(.fetch, fetch, to: peer, .bulk)
        }
    }

    private mutating func resume(_ token: UInt64) {
        if let deployment = deployments.removeValue(forKey: token) {
            return deployed(deployment, nil)
        }
        switch passages[token]?.stage {
        case .awaitingCode(.forward): considerForward(token)
        case .awaitingCode(.deliver): deliver(token)
        default: break
        }
    }

    private mutating func abandon(_ token: UInt64, _ error: LoadError) {
        if let deployment = deployments.removeValue(forKey: token) {
            return deployed(deployment, error)
        }
        guard passages[token] != nil else { return }
        switch passages[token]?.stage {
        case .awaitingCode(.forward): route(token)
        case .awaitingCode(.deliver): undeliverable(token, error)
        default: break
        }
    }

    private mutating func undeliverable(_ number: UInt64, _ error: LoadError) {
        guard let passage = passages[number] else { return }
        if case .policy = error { return refuse(number, passage, "\(error)") }
        if error.isTemporary { return reject(number, passage, status: .rate) }
        log(
            .warning,
            "code.unavailable",
            ["app": "\(passage.message.application)", "why": "\(error)"]
        )
        reject(number, passage, status: .noSuchApplication)
    }
}
