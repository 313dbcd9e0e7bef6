package import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import SansIO
package import Wire

/// A read of rows or a digest that a range waits for.
struct RangeRead: Hashable, Sendable {
    var application: ApplicationID
    var number: UInt64
}

// Consistent stores: the keepers of configured ranges and the world around them
// (`Spec/consistency.md`).
extension Node {
    mutating func startRanges(of application: ApplicationID) {
        guard let hosted = applications[application] else { return }
        let prefix = RangeKeeper.rowPrefix(of: application)
        let rows = rangeRows.filter { $0.key.starts(with: prefix) }
        let replicas = Int(hosted.peerlet.manifest.replicaCount)
        do {
            let keeper = try RangeKeeper(
                application: application,
                local: handle,
                replicas: replicas,
                random: random.stream("ranges of \(application.identifier.hexadecimal)"),
                restoring: rows,
                firstNumber: uniqueNumber() << 32
            )
            applications[application]?.ranges = keeper
            applications[application]?.inquiry = PredecessorInquiry(replicas: replicas)
            applications[application]?.configured = []
            updateRange(application)
        } catch {
            log(.error, "range.damaged", ["app": hosted.name, "error": "\(error)"])
        }
    }

    mutating func rangeInput(_ input: RangeKeeper.Input, _ application: ApplicationID) {
        guard var keeper = applications[application]?.ranges else { return }
        let results = keeper.handle(input, now: now.instant)
        applications[application]?.ranges = keeper
        for effect in results { carryOut(effect, of: application) }
    }

    private mutating func carryOut(_ effect: RangeKeeper.Effect, of application: ApplicationID) {
        switch effect {
        case .send(let message, let peer):
            guard let code = applications[application]?.code else { return }
            send(
                .range,
                RangeFrame(application: application, code: code, message: message),
                to: peer,
                message.isBulk ? .bulk : .control
            )
        case .commit(let batch, let number):
            let own = uniqueNumber()
            batches[own] = .range(application, batch: number)
            remember(batch)
            effects(.commit(batch, batch: own))
        case .readRows(let number, let arc, let after):
            let own = uniqueNumber()
            reads[own] = RangeRead(application: application, number: number)
            effects(.readRows(request: own, application, arc: arc, after: after))
        case .readDigest(let number, let arc):
            let own = uniqueNumber()
            reads[own] = RangeRead(application: application, number: number)
            effects(.readDigest(request: own, application, arc: arc))
        case .rangesChanged(let ranges): rangesChanged(ranges, application)
        case .leasesChanged(let ranges): applications[application]?.configured = ranges
        case .wake(let time): timers.set(.range(application), at: time)
        case .readyToLeave: readyToLeave(application)
        }
    }

    private mutating func rangesChanged(
        _ ranges: [ConfiguredRange],
        _ application: ApplicationID
    ) {
        let old = servedArcs(applications[application]?.configured ?? [])
        applications[application]?.configured = ranges
        logServing(ranges, application)
        ringEpoch += 1
        let new = servedArcs(ranges)
        if old != new {
            for id in instances.keys.sorted() where id.application == application {
                var event = UpcallEvent(.update)
                event.status = UpdateKind.range.rawValue
                event.origin = handle
                event.oldRange = old.first
                event.newRange = new.first
                postUpdate(event, to: id)
            }
        }
        let waiting = passages.numbers {
            $0.stage == .awaitingRange && $0.message.application == application
        }
        for number in waiting { deliver(number) }
        progressDeparture()
    }

    private mutating func logServing(_ ranges: [ConfiguredRange], _ application: ApplicationID) {
        let own = ranges.filter { $0.members.first?.id == handle.id }.map { range in
            "\(range.arc.lower)-\(range.arc.upper) epoch \(range.epoch) "
                + (range.isServing ? "serving" : "fenced") + " with \(range.members.map(\.id))"
        }
        log(.info, "range.changed", ["app": "\(application)", "own": own.joined(separator: "; ")])
    }

    private func servedArcs(_ ranges: [ConfiguredRange]) -> [RingInterval] {
        ranges.filter { $0.isServing && $0.members.first?.id == handle.id }.map(\.arc)
    }

    private func rangeNeighborhood(of application: ApplicationID) -> RangeNeighborhood {
        let inquiry = applications[application]?.inquiry
        let own = neighborhood.isSettled ? neighborhood.range : nil
        return RangeNeighborhood(
            successors: neighborhood.successors,
            predecessor: neighborhood.predecessor,
            range: own.map { inquiry?.range(extending: $0, of: handle.id) ?? $0 },
            refusing: inquiry?.refusing ?? []
        )
    }

    mutating func updateRanges() {
        for id in applications.keys.sorted() where applications[id]?.ranges != nil {
            updateRange(id)
        }
    }

    mutating func updateRange(_ application: ApplicationID) {
        applications[application]?.inquiry?.adopt(neighborhood.predecessors)
        rangeInput(.neighborhood(rangeNeighborhood(of: application)), application)
        inquire(application)
    }

    mutating func wakeRange(_ application: ApplicationID) { rangeInput(.wake, application) }

    mutating func rowsRead(_ request: UInt64, _ result: Result<RowPage, StoreError>) {
        guard let read = reads.removeValue(forKey: request) else { return }
        switch result {
        case .success(let page): rangeInput(.rows(read.number, page), read.application)
        case .failure(let error):
            log(.error, "store.read_failed", ["error": "\(error)"])
            rangeInput(.unreadable(read.number), read.application)
        }
    }

    mutating func digestRead(_ request: UInt64, _ result: Result<RangeDigest, StoreError>) {
        guard let read = reads.removeValue(forKey: request) else { return }
        switch result {
        case .success(let digest): rangeInput(.digest(read.number, digest), read.application)
        case .failure(let error):
            log(.error, "store.read_failed", ["error": "\(error)"])
            rangeInput(.unreadable(read.number), read.application)
        }
    }

    /// A frame of another member.
    ///
    /// Who does not have the code yet fetches it from the sender; the sender repeats what was not
    /// answered.
    mutating func rangeMessage(_ frame: RangeFrame, from peer: NodeHandle) {
        switch hosting(frame.application, frame.code, from: peer, because: "range") {
        case .ready:
            hear(frame.message, from: peer.id, frame.application)
            rangeInput(.message(frame.message, from: peer), frame.application)
        // Code that cannot be had now is no refusal: who asks, asks again and is then a source.
        case .pending, .unavailable: break
        case .refused:
            guard
                let answer = RangeKeeper.refusal(
                    of: frame.message,
                    successors: neighborhood.successors
                )
            else { return }
            send(
                .range,
                RangeFrame(application: frame.application, code: frame.code, message: answer),
                to: peer
            )
        }
    }

    /// A former owner, which is a successor, tells of an application whose keys are ours now.
    mutating func offered(_ offer: ApplicationOffer, by peer: NodeHandle) {
        guard neighborhood.successors.contains(where: { $0.id == peer.id }) else { return }
        guard loader.hasRoom(for: offer.application, from: peer.id) else {
            offers.removeAll {
                $0.offer.application == offer.application && $0.peer.id == peer.id
            }
            let share = offers.count { $0.peer.id == peer.id }
            if share < Self.offersPerPeer, offers.count < Self.offerLimit {
                offers.append((offer, peer))
            }
            return
        }
        _ = hosting(offer.application, offer.code, from: peer, because: "offer")
    }

    /// Offers of one node kept until the loader has room.
    private static let offersPerPeer = 64
    private static let offerLimit = 256

    mutating func takeOffers() -> [(offer: ApplicationOffer, peer: NodeHandle)] {
        defer { offers = [] }
        return offers
    }

    private mutating func hosting(
        _ application: ApplicationID,
        _ code: RoutedMessage.Code,
        from peer: NodeHandle,
        because cause: String
    ) -> CodeState {
        if let hosted = applications[application] { return .ready(hosted) }
        return self.code(
            application: application,
            code,
            previous: peer,
            origin: nil,
            message: Array(cause.utf8),
            waiting: nil
        )
    }

    /// Tells a new predecessor which consistent applications it answers for now.
    mutating func offerApplications(oldPredecessor: NodeHandle?) {
        guard let predecessor = neighborhood.predecessor, predecessor.id != oldPredecessor?.id,
            predecessor.id != handle.id
        else { return }
        for id in applications.keys.sorted() {
            guard let hosted = applications[id], hosted.isConsistent else { continue }
            send(.offer, ApplicationOffer(application: id, code: hosted.code), to: predecessor)
        }
    }
}

/// A message between members, with where the code may be had (`Spec/wire.md` §11).
package struct RangeFrame: Hashable, Sendable, WireCodable {
    package var application: ApplicationID
    package var code: RoutedMessage.Code
    package var message: RangeMessage

    package init(application: ApplicationID, code: RoutedMessage.Code, message: RangeMessage) {
        self.application = application
        self.code = code
        self.message = message
    }

    package init(from reader: inout WireReader) throws(WireError) {
        application = try ApplicationID(from: &reader)
        code = try RoutedMessage.Code(from: &reader)
        message = try RangeMessage(from: &reader)
    }

    package func encode(to writer: inout WireWriter) {
        application.encode(to: &writer)
        code.encode(to: &writer)
        message.encode(to: &writer)
    }
}

extension RangeMessage {
    /// Carries rows.
    var isBulk: Bool {
        switch self {
        case .rows, .stage: true
        default: false
        }
    }
}
