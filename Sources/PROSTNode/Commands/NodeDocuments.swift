internal import Chord
internal import KBR
internal import PeerletPackage
internal import PeerletRuntime
internal import SansIO

// What `prost status`, `ring show`, `app list` and `top` are shown.
extension Node {
    func statusDocument() -> Document {
        let ring = chord.snapshot
        let ranges = rangeTotals()
        return .object([
            .init("name", .text(configuration.name)),
            .init("id", .text(handle.id.hexadecimal)),
            .init("address", .text("\(handle.endpoint)")),
            .init("ring", .text(configuration.ring)),
            .init("phase", .text("\(ring.phase)")),
            .init("settled", .flag(ring.isSettled)),
            .init("estimated_nodes", .unsigned(ring.estimatedSize)),
            .init("successors", .integer(Int64(neighborhood.successors.count))),
            .init("connections", .integer(Int64(connected.count))),
            .init("applications", .integer(Int64(applications.count))),
            .init("instances", .integer(Int64(runningInstances.count))),
            .init("ranges_serving", .integer(Int64(ranges.serving))),
            .init("ranges_acquiring", .integer(Int64(ranges.acquiring))),
            .init("under_replicated", .integer(Int64(ranges.underReplicated))),
            .init("messages", countersDocument()),
            .init("fuel", ledgerDocument()),
            .init("limits", .list(limitLedger.all.map { .text($0.text) })),
        ])
    }

    private var runningInstances: [InstanceRecord] {
        instances.values.filter { record in
            if case .stopped = record.state { false } else { true }
        }
    }

    private func rangeTotals() -> RangeStatus {
        var total = RangeStatus()
        for hosted in applications.values {
            guard let status = hosted.ranges?.status else { continue }
            total.serving += status.serving
            total.acquiring += status.acquiring
            total.underReplicated += status.underReplicated
        }
        return total
    }

    private func countersDocument() -> Document {
        .object([
            .init("received", .unsigned(counters.messagesIn)),
            .init("sent", .unsigned(counters.messagesOut)),
            .init("delivered", .unsigned(counters.delivered)),
            .init("forwarded", .unsigned(counters.forwarded)),
            .init("forward_upcalls", .unsigned(counters.forwardUpcalls)),
            .init("duplicates", .unsigned(counters.duplicatesDropped)),
            .init("busy", .unsigned(counters.busy)),
            .init("expired", .unsigned(counters.expired)),
            .init("rerouted", .unsigned(counters.reroutes)),
            .init("stale", .unsigned(counters.staleRejected)),
            .init("malformed", .unsigned(counters.malformedFrames)),
            .init("in_transit", .integer(Int64(passages.count))),
        ])
    }

    private func ledgerDocument() -> Document {
        .object([
            .init("injected", .unsigned(ledger.injected)),
            .init("received", .unsigned(ledger.received)),
            .init("spent", .unsigned(ledger.spent)),
            .init("sent", .unsigned(ledger.sent)),
            .init("burned", .unsigned(ledger.burned)),
            .init("held", .unsigned(ledger.held)),
        ])
    }

    func ringDocument() -> Document {
        let ring = chord.snapshot
        return .object([
            .init("ring", .text(configuration.ring)),
            .init("phase", .text("\(ring.phase)")),
            .init("settled", .flag(ring.isSettled)),
            .init("r", .integer(Int64(ring.successorListLength))),
            .init("geometry", .text(ring.geometry.rawValue)),
            .init("node", document(of: ring.node)),
            .init("predecessor", ring.predecessor.map { document(of: $0) } ?? .null),
            .init("successors", .list(ring.successors.map { document(of: $0) })),
            .init("fingers", .list(ring.fingers.map { document(of: $0) })),
            .init("known_members", .integer(Int64(ring.knownMembers))),
            .init(
                "members",
                ring.phase == .forming
                    ? .list((ring.roster?.members ?? []).map { document(of: $0) }) : .null
            ),
            .init("suspects", .list(ring.suspects.map { .text($0.hexadecimal) })),
            .init("estimated_nodes", .unsigned(ring.estimatedSize)),
            .init("epoch", .unsigned(ring.epoch)),
        ])
    }

    private func document(of node: NodeHandle) -> Document {
        .object([
            .init("id", .text(node.id.hexadecimal)), .init("address", .text("\(node.endpoint)")),
        ])
    }

    /// Instances in one answer, which has to fit a frame whatever peerlets name their counters.
    private static let instancesShown = 128

    func applicationsDocument() -> Document {
        let loads = loader.held
        let shown = max(1, Self.instancesShown / max(1, applications.count))
        return .list(
            applications.keys.sorted().compactMap { id in
                applications[id].map { hosted in
                    let record = loads.last { $0.digest.identifier == hosted.code.digest }
                    return document(of: hosted, record, instances: shown)
                }
            }
        )
    }

    private func document(
        of hosted: HostedApplication,
        _ record: LoadRecord?,
        instances shown: Int
    ) -> Document {
        let manifest = hosted.peerlet.manifest
        let status = hosted.ranges?.status
        let own = instances.keys.sorted().filter { $0.application == hosted.peerlet.application }
        return .object([
            .init("name", .text(manifest.name)),
            .init("version", .text(PackageVersion.text(manifest.version))),
            .init("application", .text(hosted.peerlet.application.identifier.hexadecimal)),
            .init("digest", .text(hosted.code.digest.hexadecimal)),
            .init("type", .text(manifest.applicationType == .perHop ? "per-hop" : "end-node")),
            .init("store", .text("\(manifest.storeClass)")),
            .init("stored_bytes", hosted.storedBytes.map { .unsigned($0) } ?? .null),
            .init("storage_limit", .unsigned(hosted.limits[.storage])),
            .init("memory_limit", .unsigned(hosted.limits[.memory])),
            .init("fuel_limit", .unsigned(hosted.limits[.fuel])),
            .init("code_from", .optional(record?.source)),
            .init("code_message", .optional(record.map { MessageID.cause($0.message) })),
            .init("code_loaded_ms", record.map { .unsigned($0.loaded.milliseconds) } ?? .null),
            .init("ranges_serving", .integer(Int64(status?.serving ?? 0))),
            .init("under_replicated", .integer(Int64(status?.underReplicated ?? 0))),
            .init("methods", .list(hosted.methods.map { .text($0) })),
            .init("instance_count", .integer(Int64(own.count))),
            .init(
                "instances",
                .list(own.prefix(shown).compactMap { instances[$0].map(document(of:)) })
            ),
            .init(
                "limits",
                .list(
                    limitLedger.records(of: hosted.peerlet.application).map { .text($0.text) }
                )
            ),
        ])
    }

    private func document(of record: InstanceRecord) -> Document {
        let usage = record.usage
        return .object([
            .init("key", .optional(record.id.key?.hexadecimal)),
            .init("state", .text("\(record.state)")),
            .init("reason", .optional(record.stopCause)),
            .init("upcalls", .unsigned(usage.upcalls)),
            .init("forwards", .unsigned(usage.forwards)),
            .init("fuel", .unsigned(usage.fuel)),
            .init("traps", .unsigned(usage.traps)),
            .init("sends", .unsigned(usage.sends)),
            .init("memory", .unsigned(UInt64(usage.memoryPages) * Limit.pageBytes)),
            .init("nanoseconds", .unsigned(usage.nanoseconds)),
            .init("mailbox", .integer(Int64(record.mailbox.count))),
            .init(
                "counters",
                .object(
                    usage.counters.sorted { $0.key < $1.key }
                        .map { .init($0.key, .integer($0.value)) }
                )
            ),
        ])
    }
}

extension Document {
    package init(_ explanation: PolicyExplanation) {
        self = .object([
            .init("allowed", .flag(explanation.isAllowed)),
            .init("text", .text(explanation.text)),
            .init(
                "aspects",
                .list(
                    explanation.rows.map { row in
                        .object([
                            .init("aspect", .text(row.aspect)),
                            .init("detail", .text(row.detail)),
                            .init("allowed", .flag(row.isAllowed)),
                            .init("set_by", .text("\(row.origin)")),
                        ])
                    }
                )
            ),
            .init(
                "reasons",
                .list(explanation.decision.reasons.map { .text($0.description) })
            ),
        ])
    }
}
