internal import Chord
internal import Cryptography
internal import KBR
internal import PeerletRuntime
internal import SansIO
internal import Wire

// A new policy judges what is hosted anew; what it denies stops within this step.
extension Node {
    mutating func reload(_ new: NodePolicy) {
        policy = new
        loader.adopt(new)
        for application in applications.keys.sorted() {
            guard let hosted = applications[application] else { continue }
            let digest = PackageDigest(hosted.code.digest)
            guard let subject = PolicySubject(hosted.peerlet.manifest, digest) else { continue }
            switch new.decide(subject) {
            case .allow(let limits):
                applications[application]?.limits = limits
                applications[application]?.parameters = new.parameters(for: subject)
                adjustRates(of: application, limits)
            case .deny(let reasons):
                let why = reasons.map(\.description).joined(separator: "; ")
                evict(
                    application,
                    because: "policy: \(why)",
                    isRevoked: new.revoked[digest] != nil
                )
            }
        }
        log(.info, "policy.loaded", ["file": new.file])
    }

    private mutating func adjustRates(of application: ApplicationID, _ limits: InstanceLimits) {
        applications[application]?.log.adjust(
            rate: limits[.log],
            burst: limits.logBurst,
            at: now.instant
        )
        for id in instances.keys.sorted() where id.application == application {
            instances[id]?.fuel.adjust(
                rate: limits[.fuel],
                burst: limits[.fuelBurst],
                at: now.instant
            )
            instances[id]?.messages.adjust(
                rate: limits[.messages],
                burst: limits[.messages],
                at: now.instant
            )
            schedule(id)
        }
    }

    /// Its instances get their last upcalls, but nothing more of a revoked package runs.
    private mutating func evict(
        _ application: ApplicationID,
        because reason: String,
        isRevoked: Bool
    ) {
        var waiting = passages.numbers {
            $0.stage == .awaitingRange && $0.message.application == application
        }
        for id in instances.keys.sorted() where id.application == application {
            waiting += recallDeliveries(of: id)
            if isRevoked {
                stop(id, because: reason)
            } else {
                retire(id, .evicted, because: reason)
            }
            if instances[id]?.isStopping != true { instances[id] = nil }
        }
        if let hosted = applications.removeValue(forKey: application) {
            loader.unpin(PackageDigest(hosted.code.digest))
            tellRefusal(of: hosted)
            storeForNode(
                NodeRows.write(NodeRows.hosted + application.identifier.bytes, nil)
            )
        }
        timers.cancel(.range(application))
        timers.cancel(.inquiry(application))
        timers.cancel(.usage(application))
        // Refused here, these go on to the node that acts as root.
        for number in waiting { route(number) }
        readyToLeave(application)
    }

    /// Takes messages that wait for their upcall back out of a mailbox.
    private mutating func recallDeliveries(of id: InstanceID) -> [UInt64] {
        guard var record = instances[id] else { return [] }
        var recalled: [UInt64] = []
        for entry in record.mailbox.removeAll() {
            if case .deliver(let number) = entry.purpose, passages[number] != nil {
                passages.update(number) { $0.message.budget += entry.budget ?? 0 }
                recalled.append(number)
            } else {
                record.mailbox.append(entry)
            }
        }
        instances[id] = record
        return recalled
    }

    /// A secret that differs for every instance, from this process's own.
    func instanceSecret(_ id: InstanceID) -> [UInt8] {
        var writer = WireWriter(capacity: 96)
        writer.raw(macSecret)
        id.application.encode(to: &writer)
        if let key = id.key { key.encode(to: &writer) }
        return SHA256.digest(writer.bytes)
    }

    /// Round trips and liveness for `kbr.proximity` and `kbr.alive`.
    var observations: PeerObservations {
        var result = PeerObservations()
        for (id, span) in chord.measuredRoundTrips {
            result.roundTripMicroseconds[id] = span.nanoseconds / 1000
        }
        result.suspected = Set(chord.suspectedPeers)
        return result
    }
}
