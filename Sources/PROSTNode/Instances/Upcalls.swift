internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import SansIO

// From an event in a mailbox to an invocation in a lane: one upcall at a time for each instance,
// never nested, paid by the message that causes it or by the application's own rate
// (`Spec/node.md` §4).
extension Node {
    /// Queues an upcall that a message causes; false when the instance cannot take it.
    mutating func post(_ entry: MailboxEntry, to id: InstanceID) -> Bool {
        guard let hosted = applications[id.application], ensureInstance(id),
            var record = instances[id]
        else { return false }
        guard UInt64(record.mailbox.count) < hosted.limits[.mailbox] else {
            noteLimit(
                .mailbox,
                of: hosted,
                entry.event.upcall,
                used: UInt64(record.mailbox.count) + 1,
                effect: .messageRefused
            )
            return false
        }
        record.mailbox.append(entry)
        instances[id] = record
        schedule(id)
        return true
    }

    /// Entries beyond the owner's limit that the host's own news may fill.
    private static let mailboxReserve: UInt64 = 1024

    /// Queues what the host has to tell; bounded by its cause, so refused only in a flood.
    mutating func postAlways(_ entry: MailboxEntry, to id: InstanceID) {
        guard takesNews(id), let record = instances[id],
            let limit = applications[id.application]?.limits[.mailbox],
            UInt64(record.mailbox.count) < limit + Self.mailboxReserve
        else { return ledger.burn(entry.budget ?? 0) }
        instances[id]?.mailbox.append(entry)
        schedule(id)
    }

    /// What happens while an instance is upgraded is told to its newer version.
    private func takesNews(_ id: InstanceID) -> Bool {
        isRunning(id) || instances[id]?.state == .stopping(.upgrade)
    }

    mutating func postUpdate(_ event: UpcallEvent, to id: InstanceID) {
        guard takesNews(id), applications[id.application]?.exports(.update) == true else {
            return
        }
        instances[id]?.mailbox.coalesceUpdate(MailboxEntry(event, .update))
        schedule(id)
    }

    /// Starts the next upcall of an instance if it is idle, allowed and has fuel.
    mutating func schedule(_ id: InstanceID) {
        guard var record = instances[id], record.running == nil, !record.output.isFull,
            let hosted = hosted(for: id), hosted.storedBytes != nil
        else { return }
        var next = record.popNext()
        while let entry = next, !isWanted(entry) {
            ledger.burn(entry.budget ?? 0)
            next = record.popNext()
        }
        guard var entry = next else {
            instances[id] = record
            return becameQuiet(id, hosted)
        }
        let allowed = min(hosted.limits[.upcallFuel], record.fuel.burst)
        let lease = min(allowed, entry.budget ?? allowed)
        // Out of the container's rate: a pause, not a trap.
        if record.fuel.available(at: now.instant) < lease {
            record.putBack(entry)
            if let time = record.fuel.time(of: lease, at: now.instant) {
                timers.set(.refill(id), at: time)
            }
            instances[id] = record
            noteLimit(.fuel, of: hosted, nil, used: hosted.limits[.fuel] + 1, effect: .paused)
            return
        }
        if entry.budget != nil { entry.budget = (entry.budget ?? 0) - lease }
        let invocation = invocation(for: entry, lease: lease, record, hosted)
        record.nextTimer &+= UInt64(invocation.limits.timers)
        record.nextToken &+= UInt64(invocation.limits.requests)
        record.needsFreshMachine = false
        record.running = InstanceRecord.Running(
            invocation: invocation.id,
            entry: entry,
            lease: lease,
            configured: hosted.configured ?? []
        )
        record.usage.upcalls &+= 1
        instances[id] = record
        effects(.execute(invocation))
    }

    /// False for the upcall of a message whose time is up, or which went on without it.
    private func isWanted(_ entry: MailboxEntry) -> Bool {
        switch entry.purpose {
        case .forward(let passage): awaitsForward(passage)
        case .deliver(let passage): passages[passage]?.stage == .awaitingUpcall(.deliver)
        default: true
        }
    }

    private mutating func invocation(
        for entry: MailboxEntry,
        lease: UInt64,
        _ record: InstanceRecord,
        _ hosted: HostedApplication
    ) -> Invocation {
        var record = record
        var invocation = Invocation(
            id: uniqueNumber(),
            instance: record.id,
            peerlet: hosted.peerlet,
            isFresh: record.needsFreshMachine,
            event: entry.event,
            ring: ringView(for: record.id.application),
            now: now,
            fuel: lease,
            limits: limits(of: &record, for: entry.event.upcall, hosted)
        )
        invocation.spareBudget = entry.budget ?? 0
        invocation.firstTimer = record.nextTimer
        invocation.firstToken = record.nextToken
        invocation.seed = random.next()
        invocation.secret = instanceSecret(record.id)
        invocation.parameters = hosted.parameters
        invocation.clients = clients.sorted()
        invocation.pendingBatches = record.output.pendingBatches
        let imports = hosted.peerlet.manifest.imports
        if imports.contains("kbr.proximity") || imports.contains("kbr.alive") {
            invocation.peers = observations
        }
        return invocation
    }

    private mutating func limits(
        of record: inout InstanceRecord,
        for upcall: Upcall,
        _ hosted: HostedApplication
    ) -> UpcallLimits {
        let granted = hosted.limits
        var limits = UpcallLimits()
        limits.memoryPages = granted.memoryPages
        limits.callDepth = Int(clamping: granted[.callDepth])
        limits.sends = Int(
            clamping: min(granted[.sends], record.messages.available(at: now.instant))
        )
        limits.logBytes = Int(clamping: granted[.logBytes])
        let used = hosted.storedBytes ?? 0
        if used > granted[.storage] / 4 * 3 { recountStore(of: record.id.application) }
        limits.storeBytes = granted[.storage] > used ? granted[.storage] - used : 0
        // A snapshot takes the place of the one before.
        if upcall == .snapshot { limits.storeBytes &+= record.snapshot.charge }
        limits.timers = max(0, Int(clamping: granted[.timers]) - record.timers.count)
        limits.watches = max(0, limits.watches - record.watched.count)
        limits.requests = max(
            0,
            Int(clamping: granted[.requests]) - requests.count(of: record.id)
        )
        return limits
    }

    /// The account drifts from the disk as rows expire or move between replicas: it is compared
    /// again a while after either.
    mutating func recountStore(of application: ApplicationID) {
        guard !timers.isSet(.usage(application)) else { return }
        timers.set(.usage(application), at: now.instant + .seconds(10))
    }

    mutating func usageKnown(_ application: ApplicationID, _ usage: StoreUsage) {
        guard let hosted = applications[application] else { return }
        let isWriting = instances.contains {
            $0.key.application == application && !$0.value.output.isEmpty
        }
        // What is on its way to the disk may be missing in the answer.
        guard hosted.storedBytes == nil || !isWriting else { return recountStore(of: application) }
        let (sum, overflow) = usage.durableBytes.addingReportingOverflow(usage.cacheBytes)
        applications[application]?.storedBytes = overflow ? .max : sum
        for id in instances.keys.sorted() where id.application == application { schedule(id) }
    }

    mutating func instanceTimer(_ id: InstanceID, _ timer: UInt64) {
        guard let record = instances[id], let setting = record.timers[timer] else { return }
        if let period = setting.period {
            timers.set(.instance(id, timer: timer), at: now.instant + period)
        } else {
            instances[id]?.timers[timer] = nil
        }
        guard !record.mailbox.holdsTimer(timer) else { return }
        var event = UpcallEvent(.timer)
        event.timer = timer
        event.status = setting.cookie
        postAlways(MailboxEntry(event, .timer), to: id)
    }
}
