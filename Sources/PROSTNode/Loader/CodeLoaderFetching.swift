package import KBR
package import SansIO

/// Asking sources in order (`Spec/loading.md` §2 and §3).
extension CodeLoader {
    /// Starts with this node's own disk if it has the package, else with the first source.
    mutating func begin(
        _ load: CodeLoad,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        loads[load.digest] = load
        if stored[load.digest] != nil {
            check(load, nil, from: .stored, at: now, &emit)
        } else {
            tryNextSource(load, at: now, &emit)
        }
    }

    func deadline(_ load: CodeLoad) -> Instant { load.started + limits.loadTime }

    mutating func tryNextSource(
        _ load: CodeLoad,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        var load = load
        guard now.instant < deadline(load) else {
            return fail(load, .timedOut(load.failures), at: now, &emit)
        }
        guard !load.untried.isEmpty else {
            return fail(load, .unavailable(load.failures), at: now, &emit)
        }
        let source = load.untried.removeFirst()
        load.attempt = newAttempt()
        switch source {
        case .node(let node):
            let transfer = CodeTransfer(source: source, peer: node, at: now.instant)
            load.phase = .transferring(transfer)
            emit(.fetch(transfer.request(load.digest), from: node))
        case .ring:
            load.phase = .probing(since: now.instant, repeats: 0)
            emit(probe(load.digest))
        case .https, .file, .client, .stored:
            load.phase = .downloading(source, since: now.instant, bytes: 0)
            emit(.download(download(load, source, at: now.instant)))
        }
        loads[load.digest] = load
        rearm(load, at: now.instant)
    }

    private func probe(_ digest: PackageDigest) -> LoaderEffect {
        .probe(CodeFetch(digest: digest, offset: 0, length: 0), key: digest.identifier)
    }

    private func download(
        _ load: CodeLoad,
        _ source: CodeSource,
        at now: Instant
    ) -> CodeDownload {
        CodeDownload(
            digest: load.digest,
            attempt: load.attempt,
            source: source,
            maximumBytes: limits.packageBytes,
            timeout: deadline(load).since(now)
        )
    }

    mutating func newAttempt() -> UInt64 {
        defer { nextAttempt &+= 1 }
        return nextAttempt
    }

    /// The next look at a load: after one patience, at the latest at its deadline.
    private mutating func rearm(_ load: CodeLoad, at now: Instant) {
        timers.set(load.digest, at: min(now + limits.patience, deadline(load)))
    }

    /// Gives up on the current source and turns to the next.
    mutating func leaveSource(
        _ load: CodeLoad,
        _ source: CodeSource,
        _ reason: SourceFailure.Reason,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        var load = load
        if load.failures.count < 2 * limits.sources {
            load.failures.append(SourceFailure(source: source.description, reason: reason))
        }
        tryNextSource(load, at: now, &emit)
    }

    /// A CHUNK from `peer`; one that answers nothing asked of it is ignored.
    package mutating func receive(
        _ chunk: CodeChunk,
        from peer: NodeHandle,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        guard var load = loads[chunk.digest] else { return }
        switch load.phase {
        case .transferring(var transfer):
            guard transfer.peer.id == peer.id else { return }
            let step = transfer.receive(chunk.status, limits, at: now.instant)
            load.phase = .transferring(transfer)
            advance(load, transfer, step, at: now, &emit)
        case .probing:
            switch chunk.status {
            case .found:
                let transfer = CodeTransfer(source: .ring, peer: peer, at: now.instant)
                load.phase = .transferring(transfer)
                advance(load, transfer, .proceed, at: now, &emit)
            case .absent: leaveSource(load, .ring, .absent, at: now, &emit)
            case .busy: break
            }
        case .downloading, .checking: break
        }
    }

    private mutating func advance(
        _ load: CodeLoad,
        _ transfer: CodeTransfer,
        _ step: CodeTransfer.Step,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        switch step {
        case .ignore:
            loads[load.digest] = load
            // A stream of repetitions must not put off the next look.
            if !timers.isSet(load.digest) { rearm(load, at: now.instant) }
        case .proceed:
            emit(.fetch(transfer.request(load.digest), from: transfer.peer))
            loads[load.digest] = load
            rearm(load, at: now.instant)
        case .complete:
            check(load, transfer.bytes, from: transfer.source, at: now, &emit)
        case .fail(let reason):
            let source = transfer.source == .ring ? .node(transfer.peer) : transfer.source
            leaveSource(load, source, reason, at: now, &emit)
        }
    }

    /// The link to `peer` is gone: a source that is being asked there is left at once.
    package mutating func disconnected(
        _ peer: Identifier,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        let affected = loads.values.filter { load in
            guard case .transferring(let transfer) = load.phase else { return false }
            return transfer.peer.id == peer
        }
        for load in affected.sorted(by: { $0.digest < $1.digest }) {
            guard case .transferring(let transfer) = load.phase else { continue }
            leaveSource(
                load,
                .node(transfer.peer),
                .failed("connection lost"),
                at: now,
                &emit
            )
        }
    }

    /// How many bytes a download has brought so far.
    package mutating func progressed(_ digest: PackageDigest, attempt: UInt64, bytes: UInt64) {
        guard var load = loads[digest], load.attempt == attempt,
            case .downloading(let source, let since, let known) = load.phase
        else { return }
        load.phase = .downloading(source, since: since, bytes: max(known, bytes))
        loads[digest] = load
    }

    /// The end of a download that the service carried out.
    package mutating func downloaded(
        _ digest: PackageDigest,
        attempt: UInt64,
        _ result: Result<[UInt8], SourceFailure>,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        guard let load = loads[digest], load.attempt == attempt,
            case .downloading(let source, _, _) = load.phase
        else { return }
        switch result {
        case .success(let bytes) where bytes.count <= limits.packageBytes:
            check(load, bytes, from: source, at: now, &emit)
        case .success(let bytes):
            leaveSource(load, source, .tooLarge(UInt64(bytes.count)), at: now, &emit)
        case .failure(let failure):
            leaveSource(load, source, failure.reason, at: now, &emit)
        }
    }

    // MARK: Time

    package mutating func nextDeadline() -> Instant? { timers.nextDeadline() }

    /// Repeats, gives up or goes on, whatever is due.
    package mutating func wake(at now: Now, _ emit: inout EffectBuffer<LoaderEffect>) {
        while let digest = timers.popExpired(at: now.instant) {
            guard let load = loads[digest] else { continue }
            look(at: load, at: now, &emit)
        }
    }

    private mutating func look(
        at load: CodeLoad,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        var load = load
        if now.instant >= deadline(load), load.isFetching {
            if case .downloading = load.phase {
                emit(.cancelDownload(load.digest, attempt: load.attempt))
            }
            return fail(load, .timedOut(load.failures), at: now, &emit)
        }
        switch load.phase {
        case .transferring(var transfer):
            let step = transfer.wake(limits, at: now.instant)
            load.phase = .transferring(transfer)
            advance(load, transfer, step, at: now, &emit)
        case .probing(let since, let repeats):
            guard repeats < limits.repeats else {
                return leaveSource(load, .ring, .silent, at: now, &emit)
            }
            load.phase = .probing(since: since, repeats: repeats + 1)
            emit(probe(load.digest))
            loads[load.digest] = load
            rearm(load, at: now.instant)
        case .downloading(let source, let since, let bytes):
            guard let slow = limits.slowness(bytes: bytes, after: now.instant.since(since)) else {
                return rearm(load, at: now.instant)
            }
            emit(.cancelDownload(load.digest, attempt: load.attempt))
            leaveSource(load, source, slow, at: now, &emit)
        // A lane always answers; its time is not the sources'.
        case .checking: break
        }
    }
}
