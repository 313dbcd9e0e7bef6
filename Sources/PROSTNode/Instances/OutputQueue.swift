internal import PeerletRuntime

/// What an upcall wants to happen, held until its store batch is durable.
struct HeldOutput: Sendable {
    /// Number of the batch it waits for; nil when the upcall wrote nothing.
    var batch: UInt64?
    var entry: MailboxEntry
    var report: ExecutionReport
    /// What it served; a root that is fenced before this leaves is refused by the members.
    var stamp: RangeStamp?
    /// Fuel left for what it sends.
    var budget: UInt64
}

/// Output commit (`Spec/node.md` §5): effects leave in the order of their upcalls, each only after
/// its store batch is durable.
struct OutputQueue: Sendable {
    private var held: [HeldOutput] = []
    private var committed: Set<UInt64> = []

    var isEmpty: Bool { held.isEmpty }

    /// Outputs that wait for a slow disk; above this the instance waits too.
    static let limit = 256

    var isFull: Bool { held.count >= Self.limit }

    mutating func append(_ output: HeldOutput) { held.append(output) }

    mutating func batchIsDurable(_ batch: UInt64) {
        // Those of dropped output are nobody's any more.
        if held.contains(where: { $0.batch == batch }) { committed.insert(batch) }
    }

    /// Batches not yet durable, oldest first: the instance reads its own writes through them.
    var pendingBatches: [StoreBatch] {
        held.compactMap { output in
            guard let batch = output.batch, !committed.contains(batch) else { return nil }
            return output.report.batch
        }
    }

    /// The next output that may leave.
    mutating func popReady() -> HeldOutput? {
        guard let first = held.first else { return nil }
        if let batch = first.batch {
            guard committed.remove(batch) != nil else { return nil }
        }
        return held.removeFirst()
    }

    mutating func removeAll() -> [HeldOutput] {
        defer {
            held = []
            committed = []
        }
        return held
    }

    var heldFuel: UInt64 { held.reduce(0) { $0 &+ $1.budget } }
}
