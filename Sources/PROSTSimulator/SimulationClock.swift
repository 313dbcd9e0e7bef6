internal import KBR
internal import PROSTNode
internal import PeerletRuntime
package import SansIO
internal import Wire

// Virtual time: event after event, each at its own time (`Spec/simulator.md` §1).
extension Simulation {
    /// Has something done at a time, or now if that is past.
    package func schedule(at time: Instant, _ action: @escaping (Simulation) -> Void) {
        queue.add(.act(action), at: max(time, now))
    }

    package func run(for span: TimeSpan) { run(until: now + span) }

    package func run(until end: Instant) {
        if lastEvent != nil || lastInstant != nil {
            while let next = queue.nextTime, next <= end {
                if isStopped { return hasStopped = true }
                stepOnce()
            }
        } else {
            while let next = queue.nextTime, next <= end { stepOnce() }
        }
        now = max(now, end)
    }

    /// Runs until the condition holds; false if it did not in the given time.
    package func run(until condition: () -> Bool, within span: TimeSpan) -> Bool {
        let end = now + span
        while !condition() {
            guard let next = queue.nextTime, next <= end else {
                now = end
                return condition()
            }
            stepOnce()
        }
        return true
    }

    /// From then on nothing happens any more, and the clock stands.
    package func stop(beforeEvent event: UInt64?, at time: Instant?) {
        lastEvent = event
        lastInstant = time
    }

    private var isStopped: Bool {
        if let lastEvent, eventCount >= lastEvent { return true }
        if let lastInstant, let next = queue.nextTime, next > lastInstant { return true }
        return false
    }

    /// Carries out the next event.
    package func stepOnce() {
        guard let (time, event) = queue.popFirst() else { return }
        now = max(now, time)
        eventCount += 1
        if case .due(let input) = event {
            carryOut(input, isDue: true)
        } else {
            carryOut(event, isDue: false)
        }
    }

    private func carryOut(_ event: Event, isDue: Bool) {
        switch event {
        case .input(let host, let incarnation, let input):
            guard hosts[host].incarnation == incarnation, isDue || isFree(host, for: event)
            else { return }
            step(host, input)
        case .arrive(let sender, let host, let connection, let frame):
            guard hosts[host].connections.number(of: sender) == connection else { return }
            if !isDue, isCut(sender, host) {
                return hold(frame, from: sender, to: host, connection, since: now)
            }
            guard isDue || isFree(host, for: event) else { return }
            mix(frame.kind, host, frame.body.count)
            step(host, .frame(frame, from: hosts[sender].handle))
        case .held(let sender, let host, let connection, let frame, let since):
            guard hosts[host].connections.number(of: sender) == connection else { return }
            if isCut(sender, host) {
                return hold(frame, from: sender, to: host, connection, since: since)
            }
            queue.add(.arrive(from: sender, to: host, connection: connection, frame), at: now)
        case .opened(let host, let peer, let connection):
            guard hosts[host].connections.number(of: peer) == connection,
                isDue || isFree(host, for: event)
            else { return }
            step(host, .peerUp(hosts[peer].handle))
        case .closed(let host, let peer, let connection):
            guard hosts[host].connections.number(of: peer) == connection,
                isDue || isFree(host, for: event)
            else { return }
            hosts[host].connections.close(peer)
            step(host, .peerDown(hosts[peer].handle.id))
        case .wake(let host, let incarnation, let time):
            guard hosts[host].incarnation == incarnation, hosts[host].wake == time,
                isDue || isFree(host, for: event)
            else { return }
            hosts[host].wake = nil
            guard let running = hosts[host].running else { return }
            let due = running.node.nextDeadline()
            if let due, due > now {
                scheduleWake(host, at: due)
            } else {
                step(host, .wake)
            }
        case .synced(let host, let incarnation, let number, let batch):
            guard hosts[host].incarnation == incarnation else { return }
            hosts[host].store.apply(batch)
            hosts[host].store.sync()
            step(host, .committed(batch: number, nil))
        case .lane(let host, let incarnation, let effect):
            guard hosts[host].incarnation == incarnation else { return }
            carryOutInLane(effect, of: host)
        case .act(let action): action(self)
        case .due: break
        }
    }

    /// Whether the machine's processor takes the input at once; if not, it comes again when its
    /// turn has come.
    private func isFree(_ host: Int, for event: Event) -> Bool {
        let start = max(hosts[host].processorIsFree, now)
        if let time = settings.inputTime {
            hosts[host].processorIsFree = start + time * hosts[host].slowness
        }
        if start > now { queue.add(.due(event), at: start) }
        return start == now
    }
}
