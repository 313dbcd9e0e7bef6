internal import Chord
internal import Cryptography
internal import KBR
internal import PROSTNode
internal import PeerletRuntime
internal import SansIO
internal import Wire

// What a node asks for, carried out: its lane, its disk, its links and its clients.
extension Simulation {
    func carryOut(_ effect: NodeEffect, of index: Int) {
        let incarnation = hosts[index].incarnation
        switch effect {
        case .send(let frame, let peer, _): send(frame, from: index, to: peer)
        case .execute, .finish, .dropInstance, .check, .readRows, .readDigest, .readUsage,
            .readSnapshot:
            let time = max(hosts[index].laneIsFree, now) + draw(settings.laneDelay)
            hosts[index].laneIsFree = time
            queue.add(.lane(host: index, incarnation: incarnation, effect), at: time)
        case .commit(let batch, let number):
            let time = max(hosts[index].diskIsFree, now + draw(settings.diskDelay))
            hosts[index].diskIsFree = time
            let event: Event =
                hosts[index].diskFails
                ? .input(
                    host: index,
                    incarnation: incarnation,
                    .committed(batch: number, StoreError("the disk is full"))
                ) : .synced(host: index, incarnation: incarnation, batch: number, batch)
            queue.add(event, at: time)
        case .download(let download):
            let failure = SourceFailure(
                source: download.source.description,
                reason: .failed("there is no outside of a simulation")
            )
            answer(
                .downloaded(download.digest, attempt: download.attempt, .failure(failure)),
                to: index,
                after: .milliseconds(10)
            )
        case .respond(let client, let frame):
            if client >= Self.observedClients {
                clientObserver?(index, client, frame)
            } else {
                respond(frame, to: client)
            }
        case .log(let event):
            eventObserver?(index, event)
            if event.level >= settings.keptEvents { hosts[index].events.append(event) }
        case .left: hosts[index].hasLeft = true
        case .cancelDownload, .neighbors: break
        }
    }

    /// What the lane does when its turn has come; it reads what is durable by then.
    func carryOutInLane(_ effect: NodeEffect, of index: Int) {
        let store = hosts[index].store
        switch effect {
        case .execute(let invocation):
            let report = hosts[index].machines.run(invocation, reader: store)
            let (time, overflow) = report.fuelSpent.multipliedReportingOverflow(
                by: settings.nanosecondsPerFuel
            )
            let span = TimeSpan(nanoseconds: overflow ? .max : time)
            answer(.execution(report), to: index, after: span)
        case .finish(let invocation, _, let isAccepted):
            hosts[index].machines.finish(invocation, isAccepted: isAccepted)
        case .dropInstance(let instance): hosts[index].machines.drop(instance)
        case .check(let check):
            answer(.checked(check.run(reading: store)), to: index, after: .milliseconds(1))
        case .readRows(let request, let application, let arc, let after):
            let result = Result { () throws(StoreError) in
                try ArcScan.page(of: store, .application(application), arc, after: after)
            }
            answer(.rows(request: request, result), to: index)
        case .readDigest(let request, let application, let arc):
            let result = Result { () throws(StoreError) in
                try store.digest(.application(application), in: arc)
            }
            answer(.digest(request: request, result), to: index)
        case .readUsage(let application):
            let usage = (try? store.usage(of: application)) ?? StoreUsage()
            answer(.usage(application, usage), to: index)
        case .readSnapshot(let request, let instance):
            let result = Result { () throws(StoreError) in
                try SnapshotRows.read(instance, from: store)
            }
            answer(.snapshot(request: request, instance, result), to: index)
        default: break
        }
    }

    private func answer(_ input: NodeInput, to index: Int, after span: TimeSpan = .zero) {
        queue.add(
            .input(host: index, incarnation: hosts[index].incarnation, input),
            at: now + span
        )
    }

    private func draw(_ range: ClosedRange<UInt64>) -> TimeSpan {
        guard range.lowerBound < range.upperBound else {
            return TimeSpan(nanoseconds: range.lowerBound)
        }
        return TimeSpan(
            nanoseconds: range.lowerBound + random.below(range.upperBound - range.lowerBound + 1)
        )
    }

    private func respond(_ frame: Frame, to client: UInt64) {
        switch ClientFrameKind(rawValue: frame.kind) {
        case .response:
            if let response = try? ClientResponse(wireBytes: frame.body, "response") {
                responses[client, default: []].append(response)
            }
        case .push:
            if let push = try? ClientPush(wireBytes: frame.body, "push") {
                pushes[client, default: []].append(push)
            }
        case .request, nil: break
        }
    }
}
