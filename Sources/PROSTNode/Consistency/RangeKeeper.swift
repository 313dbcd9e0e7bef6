package import KBR
package import PeerletRuntime
package import SansIO
package import Wire

/// One node's part in the configurations of one application's consistent store
/// (`Spec/consistency.md`): promises, accepts and hands over as a member, and takes over what the
/// ring gives it.
///
/// No I/O: rows are read and written by the driver, which must make batches durable in the order
/// of their `commit` effects together with those of the application.
package struct RangeKeeper: Sendable {
    package enum Input: Sendable {
        case neighborhood(RangeNeighborhood)
        case message(RangeMessage, from: NodeHandle)
        case durable(UInt64)
        case rows(UInt64, RowPage)
        case digest(UInt64, RangeDigest)
        /// An upcall wanted to answer for this key from the rows here.
        case leaseWanted(Identifier)
        /// The disk could not answer a read.
        case unreadable(UInt64)
        case wake
        /// Ask the successor to take everything over; `readyToLeave` follows.
        case prepareToLeave
    }

    package enum Effect: Sendable {
        case send(RangeMessage, to: NodeHandle)
        case commit(StoreBatch, UInt64)
        /// Read a page of durable rows with `ArcScan`.
        case readRows(UInt64, RingInterval, after: [UInt8]?)
        case readDigest(UInt64, RingInterval)
        /// All arcs that this node stores, each time one of them changed.
        case rangesChanged([ConfiguredRange])
        /// The same arcs; only their leases changed.
        case leasesChanged([ConfiguredRange])
        /// Replaces the earlier wake.
        case wake(at: Instant)
        case readyToLeave
    }

    package let application: ApplicationID
    package let local: NodeHandle
    let replicas: Int
    /// Departures from the protocol, for the tests that prove that each would be noticed.
    let faults: PlantedFaults

    var random: DeterministicRandom
    var now = Instant.zero
    var map: SegmentMap
    var neighborhood = RangeNeighborhood(successors: [], predecessor: nil, range: nil)
    var takeover: Takeover?

    /// Rows of `StoreSpace.node` as the last batch leaves them, by key.
    var stored: [[UInt8]: [UInt8]]
    var inFlight: [(id: UInt64, then: [Continuation])] = []
    var reads: [UInt64: Continuation] = [:]
    var nextID: UInt64 = 1

    /// What successors answered about hosting the application; unknown counts as yes.
    var hosting: [Identifier: Bool] = [:]
    var hostingRefresh = Instant.zero
    /// Nodes that asked us to take over because they leave, and the arcs.
    var leaving: Set<Identifier> = []
    var invited: [Invitation] = []
    /// Who takes over from us when we leave.
    var heir: Identifier?
    /// Chosen configurations still to be told to members.
    var announcements: [Announcement] = []
    var clearing: Segment?

    /// Reads from this node's own rows, and what it has granted to other roots.
    var leases: [LeaseHolding] = []
    var grants: [LeaseGrant] = []
    var deferred: [(time: Instant, message: RangeMessage, sender: NodeHandle)] = []
    /// When this life began, nil before the first input, and the highest epoch known then.
    var startedAt: Instant?
    let firstEpoch: UInt64

    var failures = 0
    /// Where histories were found to differ only once promised.
    var cuts: [Identifier] = []
    /// Most pieces of one takeover; one after a failure.
    var mergeLimit = Takeover.maximumPieces
    var highestEpochSeen: UInt64 = 0
    var retryAt = Instant.zero
    var isLeaving = false
    var hasLeft = false
    var leaveRetry = Instant.zero

    var effects: [Effect] = []
    var lastRanges: [ConfiguredRange] = []
    var lastWake: Instant?

    /// Takes up what an earlier keeper left.
    ///
    /// `rows`: all of `StoreSpace.node` whose keys begin with `rowPrefix(of: application)`;
    /// `firstNumber`: above those of batches and reads of an earlier keeper, if there was one.
    package init(
        application: ApplicationID,
        local: NodeHandle,
        replicas: Int,
        random: DeterministicRandom,
        restoring rows: [StoreRow],
        firstNumber: UInt64 = 1
    ) throws(WireError) {
        try self.init(
            application: application,
            local: local,
            replicas: replicas,
            random: random,
            restoring: rows,
            firstNumber: firstNumber,
            faults: PlantedFaults()
        )
    }

    /// With rules left out, for tests.
    package init(
        application: ApplicationID,
        local: NodeHandle,
        replicas: Int,
        random: DeterministicRandom,
        restoring rows: [StoreRow],
        firstNumber: UInt64 = 1,
        faults: PlantedFaults
    ) throws(WireError) {
        self.application = application
        self.local = local
        self.replicas = min(max(replicas, 1), Configuration.maximumMembers)
        self.random = random
        self.faults = faults
        nextID = firstNumber
        (map, stored) = try Self.restore(rows, of: application)
        firstEpoch = map.segments.compactMap { $0.current?.ballot.epoch }.max() ?? 0
    }

    package mutating func handle(_ input: Input, now: Instant) -> [Effect] {
        self.now = max(now, self.now)
        if startedAt == nil { startedAt = self.now }
        switch input {
        case .leaseWanted(let key): wantLease(of: key)
        case .neighborhood(let neighborhood): adopt(neighborhood)
        case .message(let message, let sender): receive(message, from: sender)
        case .durable(let id): becameDurable(id)
        case .rows(let id, let page):
            if let next = reads.removeValue(forKey: id) { resume(next, page: page) }
        case .digest(let id, let digest):
            if let next = reads.removeValue(forKey: id) { resume(next, digest: digest) }
        case .unreadable(let id): readFailed(id)
        case .wake: lastWake = nil
        case .prepareToLeave: beginLeaving()
        }
        work()
        return finish()
    }

    // MARK: Questions of the node

    /// The epoch in which this node serves `key` as root; nil: answer UNSURE.
    package func epoch(for key: Identifier) -> UInt64? {
        guard let segment = map.segment(at: key), segment.isServing else { return nil }
        return segment.current?.ballot.epoch
    }

    /// Whether a change that `root` sent under `epoch` may be stored here now.
    package func accepts(_ key: Identifier, epoch: UInt64, root: Identifier) -> Bool {
        guard let segment = map.segment(at: key), let current = segment.current else {
            return false
        }
        if faults.ignoresFence { return current.includes(local.id) }
        return current.ballot == Ballot(epoch: epoch, proposer: root)
            && segment.promised == current.ballot && current.includes(local.id)
    }

    /// Whether an upcall about `key` that ran here under `epoch` may have its effects.
    package func isCurrent(_ key: Identifier, epoch: UInt64) -> Bool {
        guard let segment = map.segment(at: key), let current = segment.current else {
            return false
        }
        return current.ballot.epoch == epoch && segment.promised == current.ballot
            && current.includes(local.id)
    }

    /// The arcs that this node stores, in the order of their upper bounds.
    package var ranges: [ConfiguredRange] {
        map.segments.compactMap { segment in
            guard let current = segment.current, current.includes(local.id) else { return nil }
            let isRoot = current.members.first?.id == local.id
            return ConfiguredRange(
                arc: segment.arc,
                epoch: current.ballot.epoch,
                members: current.members,
                isServing: isRoot ? segment.isServing : segment.promised == current.ballot,
                leaseEnd: isRoot ? leaseEnd(for: segment.arc.upper) : nil
            )
        }
    }

    package var status: RangeStatus {
        var status = RangeStatus()
        let serving = map.segments.filter(\.isServing)
        status.serving = serving.count
        status.acquiring = unservedArcs.count
        status.underReplicated = serving.count { segment in
            !isFullyReplicated(segment) || !(segment.current.map(isKnown) ?? false)
        }
        return status
    }

    // MARK: Steps

    private mutating func adopt(_ new: RangeNeighborhood) {
        neighborhood = new
        neighborhood.successors.removeAll { $0.id == local.id }
        let present = Set(neighborhood.successors.map(\.id))
        hosting = hosting.filter { present.contains($0.key) }
        for node in new.refusing where present.contains(node) { hosting[node] = false }
        let predecessor = new.predecessor?.id
        leaving = leaving.filter { present.contains($0) || predecessor == $0 }
        invited.removeAll { !leaving.contains($0.from) }
        failures = 0
        retryAt = min(retryAt, now)
        if let takeover, !Arcs.covers(wantedArcs, takeover.arc) { self.takeover = nil }
    }

    private mutating func work() {
        if now >= hostingRefresh {
            hosting = hosting.filter(\.value)
            hostingRefresh = now + RangeTiming.hostingRefresh
        }
        repeatAnnouncements()
        renewLeases()
        resumeDeferred()
        startClearing()
        leaveIfHandedOver()
        // As far as it goes without further input: a takeover may end and the next begin.
        for _ in 0..<16 {
            if takeover == nil { beginTakeover() }
            guard let phase = takeover?.phase else { break }
            advance()
            if takeover?.phase == phase { break }
        }
    }

    private mutating func finish() -> [Effect] {
        let ranges = ranges
        if ranges != lastRanges {
            let isSame = ranges.map(\.withoutLease) == lastRanges.map(\.withoutLease)
            lastRanges = ranges
            effects.append(isSame ? .leasesChanged(ranges) : .rangesChanged(ranges))
        }
        let wake = nextWake
        if wake != lastWake, let wake {
            effects.append(.wake(at: wake))
        }
        lastWake = wake
        defer { effects = [] }
        return effects
    }

    private var nextWake: Instant? {
        var deadlines: [Instant] = announcements.map(\.next)
        if let takeover {
            deadlines.append(takeover.nextDeadline)
        } else if !workList.isEmpty {
            deadlines.append(max(retryAt, now + .milliseconds(1)))
        }
        deadlines += leaseDeadlines
        if hosting.values.contains(false) { deadlines.append(hostingRefresh) }
        if isLeaving, !hasLeft { deadlines.append(leaveRetry) }
        // What is overdue waits for another event; look again soon, whatever it was.
        return deadlines.min().map { max($0, now + .milliseconds(20)) }
    }
}
