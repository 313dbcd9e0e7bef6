internal import KBR
internal import SansIO

/// One package on its way in: single flight, however many messages wait for it.
struct CodeLoad: Sendable {
    enum Phase: Sendable {
        /// Asking a node, chunk by chunk.
        case transferring(CodeTransfer)
        /// Asking around the digest's key who has it.
        case probing(since: Instant, repeats: Int)
        /// The service downloads.
        case downloading(CodeSource, since: Instant, bytes: UInt64)
        /// A lane checks what came from there.
        case checking(CodeSource)
    }

    let digest: PackageDigest
    /// For which application it was asked first, and because of which message and link.
    let application: ApplicationID
    let message: [UInt8]
    let link: Identifier?
    let started: Instant
    /// Changes with every source, so that late answers are told apart.
    var attempt: UInt64 = 0
    var phase: Phase = .checking(.stored)
    /// Not yet tried, best first.
    var untried: [CodeSource] = []
    /// Everything ever named for this load.
    var named: [CodeSource] = []
    var failures: [SourceFailure] = []
    var waiting: [WaitingMessage] = []

    /// Remembers a source unless it was named before or there are too many.
    mutating func add(_ source: CodeSource, limit: Int) {
        guard named.count < limit, !named.contains(source) else { return }
        if case .node(let node) = source,
            named.contains(where: {
                if case .node(let other) = $0 { other.id == node.id } else { false }
            })
        {
            return
        }
        named.append(source)
        untried.append(source)
    }

    /// A node is being asked or a source downloads: what the fetch limits count.
    var isFetching: Bool {
        if case .checking = phase { false } else { true }
    }
}

/// A package coming from one node in order, one chunk in flight.
struct CodeTransfer: Sendable {
    enum Step: Equatable, Sendable {
        /// A repeated or foreign chunk.
        case ignore
        case proceed
        case complete
        case fail(SourceFailure.Reason)
    }

    let source: CodeSource
    let peer: NodeHandle
    let started: Instant
    private(set) var bytes: [UInt8] = []
    private(set) var total: Int?
    private(set) var asked: Instant
    private(set) var repeats = 0
    private(set) var busyAnswers = 0
    private var isBusy = false

    init(source: CodeSource, peer: NodeHandle, at now: Instant) {
        self.source = source
        self.peer = peer
        started = now
        asked = now
    }

    /// The request for what comes next.
    func request(_ digest: PackageDigest) -> CodeFetch {
        CodeFetch(
            digest: digest,
            offset: UInt32(truncatingIfNeeded: bytes.count),
            length: UInt32(CodeChunk.maximumLength)
        )
    }

    /// Takes one answer; memory grows only with bytes that arrived, never with what is announced.
    mutating func receive(
        _ status: CodeChunk.Status,
        _ limits: LoaderLimits,
        at now: Instant
    ) -> Step {
        guard case .found(let total, let offset, let piece) = status else {
            if status == .absent { return .fail(.absent) }
            busyAnswers += 1
            isBusy = true
            asked = now
            return busyAnswers > limits.busyAnswers ? .fail(.busy) : .ignore
        }
        if Int(offset) < bytes.count { return .ignore }
        guard Int(total) <= limits.packageBytes else { return .fail(.tooLarge(UInt64(total))) }
        guard total > 0 else { return .fail(.inconsistent("announced an empty package")) }
        if let known = self.total, known != Int(total) {
            return .fail(.inconsistent("changed the length from \(known) to \(total)"))
        }
        guard Int(offset) == bytes.count else {
            return .fail(.inconsistent("sent offset \(offset), asked \(bytes.count)"))
        }
        guard !piece.isEmpty else { return .fail(.inconsistent("sent an empty chunk")) }
        guard piece.count <= Int(total) - bytes.count else {
            return .fail(.inconsistent("sent more than the \(total) bytes announced"))
        }
        self.total = Int(total)
        bytes += piece
        asked = now
        repeats = 0
        isBusy = false
        if bytes.count == Int(total) { return .complete }
        if let slow = slowness(limits, at: now) { return .fail(slow) }
        return .proceed
    }

    /// What to do when nothing happened for a while.
    mutating func wake(_ limits: LoaderLimits, at now: Instant) -> Step {
        if let slow = slowness(limits, at: now) { return .fail(slow) }
        guard now.since(asked) >= limits.patience else { return .ignore }
        if !isBusy {
            guard repeats < limits.repeats else { return .fail(.silent) }
            repeats += 1
        }
        isBusy = false
        asked = now
        return .proceed
    }

    private func slowness(_ limits: LoaderLimits, at now: Instant) -> SourceFailure.Reason? {
        limits.slowness(bytes: UInt64(bytes.count), after: now.since(started))
    }
}
