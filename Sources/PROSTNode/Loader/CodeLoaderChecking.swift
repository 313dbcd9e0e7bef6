internal import KBR
internal import PeerletPackage
internal import PeerletRuntime
package import SansIO

/// From bytes to code that may run (`Spec/loading.md` §4 and §5).
extension CodeLoader {
    /// A package handed over by a local client, as `prost deploy` does.
    ///
    /// The request's digest must be the SHA-256 of `bytes`; another one is found out by the check.
    package mutating func install(
        _ bytes: [UInt8],
        _ request: CodeRequest,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) -> CodeAnswer {
        guard bytes.count <= limits.packageBytes else {
            return .refused(.tooLarge(count: bytes.count, limit: limits.packageBytes))
        }
        // What failed before may be right by now (time, policy), and a person asks.
        rejected[request.digest] = nil
        if ready[request.digest] != nil || loads[request.digest] != nil {
            return need(request, at: now, &emit)
        }
        if let message = request.waiting, let bound = room.enter(message, limits) {
            return .refused(.busy(bound))
        }
        var load = CodeLoad(
            digest: request.digest,
            application: request.application,
            message: Array(request.message.prefix(LoadRecord.messageLimit)),
            link: nil,
            started: now.instant
        )
        if let message = request.waiting { load.waiting = [message] }
        check(load, bytes, from: .client, at: now, &emit)
        return .pending
    }

    /// Sends bytes, or with nil what the disk has, to a lane.
    mutating func check(
        _ load: CodeLoad,
        _ bytes: [UInt8]?,
        from source: CodeSource,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        var load = load
        load.attempt = newAttempt()
        load.phase = .checking(source)
        loads[load.digest] = load
        timers.cancel(load.digest)
        emit(
            .check(
                CodeCheck(
                    digest: load.digest,
                    attempt: load.attempt,
                    bytes: bytes,
                    record: bytes == nil ? stored[load.digest]?.record : nil,
                    floors: floors,
                    policy: policy,
                    wall: now.wall
                )
            )
        )
    }

    /// A lane's verdict on a package.
    package mutating func checked(
        _ report: CodeCheckReport,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        guard let load = loads[report.digest], load.attempt == report.attempt,
            case .checking(let source) = load.phase
        else { return }
        switch report.result {
        case .success(let checked): accept(checked, load, source, at: now, &emit)
        case .failure(let error):
            if source == .stored, error.isDamage {
                discardStored(load.digest, &emit)
                leaveSource(load, source, .failed(error.description), at: now, &emit)
            } else if case .package(.wrongDigest) = error {
                leaveSource(load, source, .wrongDigest, at: now, &emit)
            } else {
                fail(load, error, at: now, &emit)
            }
        }
    }

    private mutating func accept(
        _ checked: CheckedPackage,
        _ load: CodeLoad,
        _ source: CodeSource,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        let package = checked.package
        // Floors and policy may have changed while the lane worked.
        do throws(PackageError) {
            try package.check(against: floors.floor(for: package.manifest))
        } catch { return fail(load, .package(error), at: now, &emit) }
        guard let subject = PolicySubject(package.manifest, load.digest) else {
            return fail(load, .package(.badSignature), at: now, &emit)
        }
        if case .deny(let reasons) = policy.decide(subject) {
            return fail(load, .policy(reasons), at: now, &emit)
        }
        guard makeRoom(for: UInt64(package.bytes.count), keeping: load.digest) else {
            return fail(load, .busy(.cache), at: now, &emit)
        }
        var batch = StoreBatch()
        if stored[load.digest] == nil {
            guard makeStoredRoom(for: UInt64(package.bytes.count), &batch) else {
                return fail(load, .busy(.cache), at: now, &emit)
            }
            let record = record(of: checked, load, source, at: now)
            batch.writes += CodeStore.writes(package: package.bytes, record)
            stored[load.digest] = Stored(record: record, lastUse: use())
            remember(record)
            emit(.loaded(record))
        }
        raiseFloors(checked, &batch)
        if !batch.isEmpty { emit(.commit(batch)) }
        ready[load.digest] = Ready(
            peerlet: checked.peerlet,
            bytes: package.bytes,
            lastUse: use()
        )
        rejected[load.digest] = nil
        end(load)
        deliver(checked.peerlet, load.waiting, &emit)
    }

    private func record(
        of checked: CheckedPackage,
        _ load: CodeLoad,
        _ source: CodeSource,
        at now: Now
    ) -> LoadRecord {
        let manifest = checked.package.manifest
        return LoadRecord(
            digest: load.digest,
            application: checked.peerlet.application,
            name: manifest.name,
            version: manifest.version,
            epoch: manifest.delegation?.epoch ?? 0,
            byteCount: UInt32(truncatingIfNeeded: checked.package.bytes.count),
            source: source.description,
            message: load.message,
            loaded: now.wall,
            duration: now.instant.since(load.started)
        )
    }

    private mutating func raiseFloors(_ checked: CheckedPackage, _ batch: inout StoreBatch) {
        let manifest = checked.package.manifest
        guard let digest = PackageDigest(bytes: checked.package.digest) else { return }
        let floor = CodeFloors.Version(version: manifest.version, digest: digest)
        if floors.raise(checked.peerlet.application, floor) {
            batch.writes.append(CodeStore.write(floor: floor, of: checked.peerlet.application))
        }
        if let epoch = manifest.delegation?.epoch, floors.raise(manifest.rootKey, epoch: epoch) {
            batch.writes.append(CodeStore.write(epoch: epoch, of: manifest.rootKey))
        }
    }

    private mutating func remember(_ record: LoadRecord) {
        records.append(record)
        if records.count > limits.records { records.removeFirst() }
    }

    // MARK: Ends

    /// Those who named the package's own application go on, the others were misled.
    private func deliver(
        _ peerlet: LoadedPeerlet,
        _ waiting: [WaitingMessage],
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        let own = waiting.filter { $0.application == peerlet.application }
        // Nobody waits for what a restarted node loads again, or another member tells of.
        if !own.isEmpty || waiting.isEmpty { emit(.resume(own, peerlet)) }
        for message in waiting where message.application != peerlet.application {
            let error = LoadError.wrongApplication(
                expected: message.application,
                found: peerlet.application
            )
            emit(.abandon([message], error))
        }
    }

    mutating func fail(
        _ load: CodeLoad,
        _ error: LoadError,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        end(load)
        if let span = error.rejectionTime(limits, at: now.wall) {
            reject(load.digest, error, until: now.instant + span, at: now.instant)
        }
        if !load.waiting.isEmpty { emit(.abandon(load.waiting, error)) }
    }

    private mutating func end(_ load: CodeLoad) {
        loads[load.digest] = nil
        timers.cancel(load.digest)
        for message in load.waiting { room.leave(message) }
    }

    // MARK: Memory of failures

    func rejection(of digest: PackageDigest, at now: Instant) -> LoadError? {
        guard let entry = rejected[digest], now < entry.until else { return nil }
        return entry.error
    }

    private mutating func reject(
        _ digest: PackageDigest,
        _ error: LoadError,
        until: Instant,
        at now: Instant
    ) {
        var isPolicy = false
        if case .policy = error { isPolicy = true }
        if rejected.count >= limits.rejections, rejected[digest] == nil {
            rejected = rejected.filter { now < $0.value.until }
            let soonest = rejected.min {
                ($0.value.until, $0.key) < ($1.value.until, $1.key)
            }
            if rejected.count >= limits.rejections, let soonest { rejected[soonest.key] = nil }
        }
        rejected[digest] = Rejection(error: error, until: until, isPolicy: isPolicy)
    }

    // MARK: Room

    /// Drops the least recently used code that nothing runs, until `count` bytes fit.
    private mutating func makeRoom(for count: UInt64, keeping digest: PackageDigest) -> Bool {
        var used = ready.values.reduce(UInt64(0)) { $0 + UInt64($1.bytes.count) }
        while used + count > limits.cachedBytes {
            let victims = ready.filter { pins[$0.key] == nil && $0.key != digest }
            guard let oldest = victims.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
                return false
            }
            used -= UInt64(oldest.value.bytes.count)
            ready[oldest.key] = nil
        }
        return true
    }

    /// The same for the disk; the removals join the batch that needs the room.
    private mutating func makeStoredRoom(for count: UInt64, _ batch: inout StoreBatch) -> Bool {
        var used = stored.values.reduce(UInt64(0)) { $0 + UInt64($1.record.byteCount) }
        while used + count > limits.storedBytes || stored.count >= limits.storedPackages {
            let victims = stored.filter { pins[$0.key] == nil && loads[$0.key] == nil }
            guard let oldest = victims.min(by: { $0.value.lastUse < $1.value.lastUse }) else {
                return false
            }
            used -= UInt64(oldest.value.record.byteCount)
            batch.writes += CodeStore.removal(oldest.value.record)
            stored[oldest.key] = nil
            ready[oldest.key] = nil
        }
        return true
    }

    private mutating func discardStored(
        _ digest: PackageDigest,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) {
        guard let entry = stored.removeValue(forKey: digest) else { return }
        var batch = StoreBatch()
        batch.writes = CodeStore.removal(entry.record)
        emit(.commit(batch))
    }
}

extension LoadError {
    /// The stored copy is not what was stored.
    fileprivate var isDamage: Bool {
        switch self {
        case .store, .package(.wrongDigest), .package(.malformed): true
        default: false
        }
    }
}
