internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import SansIO

// How an instance ends: `snapshot`, `stop`, then all it holds is given back (`Spec/node.md` §4.4).
extension Node {
    /// Begins the end of an instance: no upcall but its last ones is made any more.
    ///
    /// One that has not begun yet has nothing to say and ends at once.
    mutating func retire(
        _ id: InstanceID,
        _ reason: StopReason,
        because why: String,
        under former: HostedApplication? = nil
    ) {
        guard var record = instances[id], let hosted = former ?? hosted(for: id) else { return }
        switch record.state {
        case .stopping, .stopped: return
        case .loading: return stop(id, because: why)
        case .starting: if reason != .exit { return stop(id, because: why) }
        case .ready: break
        }
        record.retiring = hosted
        record.state = .stopping(reason)
        record.stopCause = why
        record.lifecycle = Mailbox()
        // Who ends itself wants to be forgotten.
        if reason != .exit, hosted.keepsSnapshots { record.lifecycle.append(checkpoint()) }
        if hosted.exports(.stop) {
            var event = UpcallEvent(.stop)
            event.status = reason.rawValue
            record.lifecycle.append(MailboxEntry(event, .stop))
        }
        instances[id] = record
        timers.cancel(.idle(id))
        timers.set(.ending(id), at: now.instant + configuration.stopGrace)
        schedule(id)
    }

    /// Nothing is to be done for an instance now, and nothing of it runs.
    mutating func becameQuiet(_ id: InstanceID, _ hosted: HostedApplication) {
        guard let record = instances[id] else { return }
        switch record.state {
        case .loading(nil): load(id, hosted)
        case .ready where id.key != nil && hosted.keepsSnapshots:
            timers.set(.idle(id), at: now.instant + configuration.idleTime)
        case .stopping where record.output.isEmpty: ended(id)
        default: break
        }
    }

    /// The instance of a key that nobody asks for makes room for others; its snapshot brings it
    /// back.
    mutating func instanceIsIdle(_ id: InstanceID) {
        guard let record = instances[id], record.state == .ready, record.running == nil,
            record.mailbox.isEmpty, record.output.isEmpty, record.timers.isEmpty,
            record.watched.isEmpty, requests.count(of: id) == 0
        else { return }
        retire(id, .evicted, because: "idle")
    }

    mutating func endingOverdue(_ id: InstanceID) {
        guard instances[id]?.isStopping == true else { return }
        log(.warning, "instance.ended_early", ["app": "\(id.application)"])
        ended(id)
    }

    /// An instance has made its last upcalls, or had time enough for them; what came for it in the
    /// meantime is the next one's.
    mutating func ended(_ id: InstanceID) {
        guard let record = instances[id], case .stopping(let reason) = record.state else { return }
        if reason == .upgrade, applications[id.application] != nil { return reopen(id) }
        let waiting = instances[id]?.mailbox.removeAll() ?? []
        if reason == .exit { removeSnapshot(of: id) }
        stop(id, because: record.stopCause ?? "")
        instances[id]?.mayBeginAgain = true
        guard applications[id.application] != nil else {
            instances[id] = nil
            return settleUndone(waiting)
        }
        guard !waiting.isEmpty, ensureInstance(id) else { return settleUndone(waiting) }
        for entry in waiting { instances[id]?.mailbox.append(entry) }
        schedule(id)
    }

    /// Ends at once what a policy denied that now allows it again.
    mutating func endEvicted(_ application: ApplicationID) {
        for id in instances.keys.sorted() where id.application == application {
            stop(id, because: instances[id]?.stopCause ?? "")
            instances[id] = nil
        }
    }

    // MARK: Snapshots

    private func checkpoint() -> MailboxEntry {
        var event = UpcallEvent(.snapshot)
        event.status = SnapshotReason.checkpoint.rawValue
        event.newRange = .wholeCircle(endingAt: handle.id)
        return MailboxEntry(event, .snapshot)
    }

    /// `life.checkpoint`: one waits at most.
    mutating func requestSnapshot(of id: InstanceID, _ hosted: HostedApplication) {
        guard hosted.keepsSnapshots, instances[id]?.mailbox.holds(.snapshot) == false else {
            return
        }
        postAlways(checkpoint(), to: id)
    }

    /// Adds the snapshot to the writes of its upcall, with which it becomes durable; the growth of
    /// what is charged.
    mutating func replaceSnapshot(
        of id: InstanceID,
        by report: ExecutionReport,
        _ batch: inout StoreBatch,
        _ hosted: HostedApplication
    ) -> Int64 {
        guard let parts = report.snapshot else {
            log(.warning, "snapshot.dropped", ["app": hosted.name])
            return 0
        }
        let old = instances[id]?.snapshot ?? SnapshotExtent()
        let snapshot = InstanceSnapshot(version: hosted.peerlet.manifest.version, parts: parts)
        batch.writes += SnapshotRows.writes(snapshot, of: id, replacing: old)
        instances[id]?.snapshot = snapshot.extent
        return Int64(clamping: snapshot.extent.charge) - Int64(clamping: old.charge)
    }

    private mutating func removeSnapshot(of id: InstanceID) {
        guard let old = instances[id]?.snapshot, old.parts > 0 else { return }
        var batch = StoreBatch()
        batch.writes = SnapshotRows.writes(nil, of: id, replacing: old)
        let number = uniqueNumber()
        batches[number] = .instance(id)
        effects(.commit(batch, batch: number))
        recountStore(of: id.application)
    }
}
