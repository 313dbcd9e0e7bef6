internal import Chord
internal import KBR
internal import PROSTNode
package import SansIO
internal import Wire

/// A direction in which a partition lets nothing through.
struct Cut: Hashable {
    var from: UInt8
    var to: UInt8
}

// Links are connections: frames arrive in order, loss is delay, and what is under way is lost with
// the connection (`Spec/simulator.md` §3).
extension Simulation {
    func send(_ frame: Frame, from index: Int, to peer: NodeHandle) {
        tap?(frame, peer)
        count(frame, of: index)
        let known = self.index(of: peer)
        guard let target = known, hosts[target].isUp else {
            return fail(frame, from: index, to: peer, after: delay(index, known ?? index))
        }
        let delay = delay(index, target)
        var ready = now
        var place = hosts[index].connections.place(of: target)
        if place == nil {
            guard !isCut(index, target), !isCut(target, index) else {
                return fail(frame, from: index, to: peer, after: settings.connectionTimeout)
            }
            ready = connect(index, target, delay)
            place = hosts[index].connections.place(of: target)
        }
        if settings.resetsPer1024 > 0, random.below(1024) < settings.resetsPer1024 {
            disconnect(index, target)
            disconnect(target, index)
            return
        }
        var time = departure(of: frame, from: index, notBefore: ready) + delay
        if settings.lossPer65536 > 0 {
            while random.below(65_536) < settings.lossPer65536 {
                time = time + max(settings.retransmission, delay * 2)
            }
        }
        guard let place else { return }
        time = max(time, hosts[index].connections[place].lastArrival)
        hosts[index].connections[place].lastArrival = time
        let connection = hosts[index].connections[place].number
        queue.add(.arrive(from: index, to: target, connection: connection, frame), at: time)
        if settings.duplicatesPer1024 > 0, frame.kind == FrameKind.route.rawValue,
            random.below(1024) < settings.duplicatesPer1024
        {
            queue.add(
                .arrive(from: index, to: target, connection: connection, frame),
                at: time + delay
            )
        }
    }

    private func delay(_ from: Int, _ to: Int) -> TimeSpan {
        settings.latency.delay(from: from, to: to, &random)
    }

    private func count(_ frame: Frame, of index: Int) {
        let bytes = UInt64(frame.body.count) + 5
        if frame.kind == FrameKind.chord.rawValue {
            hosts[index].traffic.maintenanceFrames &+= 1
            hosts[index].traffic.maintenanceBytes &+= bytes
        } else {
            hosts[index].traffic.otherFrames &+= 1
            hosts[index].traffic.otherBytes &+= bytes
        }
    }

    /// When the last byte of a frame has left the machine.
    private func departure(of frame: Frame, from index: Int, notBefore ready: Instant) -> Instant {
        guard let rate = settings.bytesPerSecond else { return ready }
        let bytes = UInt64(frame.body.count) + 5
        let span = TimeSpan.seconds(1).scaled(by: bytes, over: rate)
        let time = max(hosts[index].lineIsFree, ready) + span
        hosts[index].lineIsFree = time
        return time
    }

    private func fail(
        _ frame: Frame,
        from index: Int,
        to peer: NodeHandle,
        after span: TimeSpan
    ) {
        queue.add(
            .input(
                host: index,
                incarnation: hosts[index].incarnation,
                .undeliverable(frame, to: peer)
            ),
            at: now + span
        )
    }

    // MARK: Connections

    /// Opens a connection and returns when it carries the first frame.
    private func connect(_ index: Int, _ target: Int, _ delay: TimeSpan) -> Instant {
        let ready = now + delay * settings.setUpDelays
        hosts[index].traffic.connections &+= 1
        hosts[index].traffic.connectionBytes &+= settings.setUpBytes
        connectionCount &+= 1
        for (host, peer) in [(index, target), (target, index)] {
            hosts[host].connections.open(peer, connectionCount, readyAt: ready)
            queue.add(
                .opened(host: host, peer: peer, connection: connectionCount),
                at: ready + delay
            )
        }
        return ready
    }

    /// The peer of a fallen machine, or of a broken connection, learns of it.
    func disconnect(_ index: Int, _ peer: Int) {
        hosts[peer].connections.close(index)
        guard hosts[peer].isUp else { return }
        queue.add(
            .input(
                host: peer,
                incarnation: hosts[peer].incarnation,
                .peerDown(hosts[index].handle.id)
            ),
            at: now + settings.resetDelay
        )
    }

    // MARK: Partitions

    func isCut(_ from: Int, _ to: Int) -> Bool {
        !cuts.isEmpty && cuts.contains(Cut(from: hosts[from].side, to: hosts[to].side))
    }

    /// A frame that a partition stops is sent again until the connection's patience is over.
    func hold(
        _ frame: Frame,
        from sender: Int,
        to host: Int,
        _ connection: UInt32,
        since: Instant
    ) {
        let waited = now.since(since)
        guard waited < settings.connectionTimeout else {
            disconnect(sender, host)
            disconnect(host, sender)
            return
        }
        guard let place = hosts[sender].connections.place(of: host),
            hosts[sender].connections[place].number == connection
        else { return }
        // Those behind it wait as well: the bytes of a connection stay in order.
        let time = now + max(settings.retransmission, waited)
        hosts[sender].connections[place].lastArrival = max(
            time,
            hosts[sender].connections[place].lastArrival
        )
        queue.add(
            .held(
                from: sender,
                to: host,
                connection: connection,
                frame,
                since: since
            ),
            at: time
        )
    }

    /// Puts machines on a side; all start on side 0.
    package func setSide(_ side: UInt8, of index: Int) { hosts[index].side = side }

    /// Stops everything from one side to another, in this direction only.
    package func cut(from: UInt8, to: UInt8) { cuts.insert(Cut(from: from, to: to)) }

    /// Ends all partitions.
    package func heal() { cuts = [] }

    // MARK: Slow machines

    /// The machine takes in nothing until then.
    package func pause(_ index: Int, until time: Instant) {
        hosts[index].processorIsFree = max(hosts[index].processorIsFree, time)
    }

    /// Inputs take this many times as long from now on, where the settings give them a time.
    package func setSlowness(_ factor: UInt64, of index: Int) {
        hosts[index].slowness = max(factor, 1)
    }
}
