internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

// How an instance begins: admission, its snapshot read, `init`, `restore` for each part
// (`Spec/node.md` §4).
extension Node {
    func isRunning(_ id: InstanceID) -> Bool {
        switch instances[id]?.state {
        case .loading, .starting, .ready: true
        case .stopping, .stopped, nil: false
        }
    }

    /// What an instance runs under: while it ends, what it ran under before.
    func hosted(for id: InstanceID) -> HostedApplication? {
        let current = applications[id.application]
        guard var old = instances[id]?.retiring else { return current }
        guard let current else { return old }
        old.storedBytes = current.storedBytes
        old.ranges = current.ranges
        old.configured = current.configured
        return old
    }

    /// The instance, begun if it is not there; false if it may not run.
    ///
    /// What comes for one that ends waits for the next one.
    mutating func ensureInstance(_ id: InstanceID, _ reason: InitReason = .fresh) -> Bool {
        if isRunning(id) { return true }
        guard departure == nil || departure?.stage == .handingOver else { return false }
        let former = instances[id]
        if let former, !former.mayBeginAgain { return former.isStopping }
        // Without its promises (`range.damaged`) a consistent store answers nobody.
        guard let hosted = applications[id.application],
            !hosted.isConsistent || hosted.ranges != nil, reserve(for: id, hosted)
        else { return false }
        var record = former ?? InstanceRecord(id: id, limits: hosted.limits, at: now.instant)
        record.beginAnew(reason)
        instances[id] = record
        schedule(id)
        return true
    }

    private mutating func reserve(for id: InstanceID, _ hosted: HostedApplication) -> Bool {
        let isCarried = instances.keys.contains { other in
            other != id && other.application == id.application
                && admission.reservation(of: other)?.storage ?? 0 > 0
        }
        let wanted = Reservation(
            memory: hosted.limits[.memory],
            storage: isCarried ? 0 : hosted.limits[.storage],
            fuel: hosted.limits[.fuel]
        )
        if case .admitted = admission.admit(id, wanted) { return true }
        log(.warning, "admission.refused", ["app": hosted.name])
        return false
    }

    /// An instance that was made waits for its snapshot; one whose peerlet has none begins at once.
    mutating func load(_ id: InstanceID, _ hosted: HostedApplication) {
        // What the one before it wrote has to be readable first.
        guard !batches.values.contains(.instance(id)) else { return }
        guard hosted.exports(.restore) else { return start(id, with: nil) }
        let request = uniqueNumber()
        instances[id]?.state = .loading(request)
        effects(.readSnapshot(request: request, id))
    }

    mutating func snapshotRead(
        _ request: UInt64,
        of id: InstanceID,
        _ result: Result<StoredSnapshot, StoreError>
    ) {
        guard instances[id]?.state == .loading(request), let hosted = hosted(for: id) else {
            return
        }
        switch result {
        case .failure(let error):
            log(.error, "store.read_failed", ["error": "\(error)"])
            stop(id, because: "its snapshot could not be read")
            instances[id]?.mayBeginAgain = true
        case .success(.absent): start(id, with: nil)
        case .success(.damaged):
            log(.error, "snapshot.damaged", ["app": hosted.name])
            // Whatever there is of it, the next one removes.
            instances[id]?.snapshot = SnapshotExtent(parts: SnapshotLimits.parts)
            start(id, with: nil)
        case .success(.whole(let snapshot)):
            instances[id]?.snapshot = snapshot.extent
            let fits = snapshot.parts.allSatisfy { hosted.fits(.restore, payload: $0.count) }
            if !fits { logRefusal(of: hosted) }
            start(id, with: fits ? snapshot : nil)
        }
    }

    private mutating func start(_ id: InstanceID, with snapshot: InstanceSnapshot?) {
        guard var record = instances[id] else { return }
        if snapshot != nil, record.beginning == .fresh { record.beginning = .restored }
        record.lifecycle.append(initialization(record.beginning))
        let parts = snapshot?.parts ?? []
        for (index, part) in parts.enumerated() {
            var event = UpcallEvent(.restore)
            event.flags = index + 1 < parts.count ? [.more] : []
            event.token = snapshot?.version ?? 0
            event.origin = handle
            event.status = SnapshotReason.checkpoint.rawValue
            event.newRange = .wholeCircle(endingAt: handle.id)
            event.payload = part
            record.lifecycle.append(MailboxEntry(event, .restore))
        }
        record.state = .starting(left: record.lifecycle.count)
        instances[id] = record
        schedule(id)
    }

    private func initialization(_ reason: InitReason) -> MailboxEntry {
        var event = UpcallEvent(.initialize)
        event.status = reason.rawValue
        return MailboxEntry(event, .initialize)
    }

    /// One more upcall of its beginning is done, and what it asked for has left.
    mutating func hasBegun(_ id: InstanceID) {
        guard case .starting(let left) = instances[id]?.state else { return }
        instances[id]?.state = left > 1 ? .starting(left: left - 1) : .ready
    }

    /// A snapshot that its peerlet does not take stays on the disk until the next one; the instance
    /// begins again without it.
    mutating func refuseSnapshot(of id: InstanceID, _ hosted: HostedApplication) {
        guard case .starting = instances[id]?.state else { return }
        logRefusal(of: hosted)
        releaseHoldings(of: id)
        let work = takeWork(of: id)
        if var record = instances[id] {
            record.lifecycle = Mailbox()
            record.lifecycle.append(initialization(record.beginning))
            record.state = .starting(left: 1)
            instances[id] = record
        }
        settleUndone(work)
    }

    private mutating func logRefusal(of hosted: HostedApplication) {
        log(.warning, "snapshot.refused", ["app": hosted.name])
    }

    // MARK: Upgrade

    /// Instances of an older version end, and begin anew with the new code.
    mutating func upgradeInstances(of application: ApplicationID, from old: HostedApplication) {
        for id in instances.keys.sorted() where id.application == application {
            switch instances[id]?.state {
            case .stopped: instances[id] = nil
            case .loading, .starting: reopen(id)
            case .ready: retire(id, .upgrade, because: "a newer version", under: old)
            case .stopping, nil: break
            }
        }
    }

    /// The same instance under new code: what waits for it and its open requests stay.
    mutating func reopen(_ id: InstanceID) {
        guard let hosted = applications[id.application], reserve(for: id, hosted) else {
            return stop(id, because: "the node has no room for its newer version")
        }
        cancelTimers(of: id)
        let work = takeWork(of: id)
        instances[id]?.mailbox.removeAll(.timer)
        instances[id]?.mailbox.removeAll(.snapshot)
        instances[id]?.beginAnew(.upgraded)
        settleUndone(work)
        schedule(id)
    }
}
