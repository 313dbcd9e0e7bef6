package import KBR
internal import PeerletPackage
package import PeerletRuntime
package import SansIO

/// Gets code to where messages need it (`Spec/loading.md`), without I/O of its own.
///
/// For each package digest: absent, fetching, checking, ready or rejected.
package struct CodeLoader: Sendable {
    struct Ready: Sendable {
        var peerlet: LoadedPeerlet
        var bytes: [UInt8]
        var lastUse: UInt64
    }

    struct Rejection: Sendable {
        var error: LoadError
        var until: Instant
        var isPolicy: Bool
    }

    struct Stored: Sendable {
        var record: LoadRecord
        var lastUse: UInt64
    }

    package let limits: LoaderLimits
    package private(set) var policy: NodePolicy
    package internal(set) var floors: CodeFloors
    /// The latest loads, oldest first.
    package internal(set) var records: [LoadRecord] = []

    var loads: [PackageDigest: CodeLoad] = [:]
    var ready: [PackageDigest: Ready] = [:]
    var rejected: [PackageDigest: Rejection] = [:]
    var stored: [PackageDigest: Stored] = [:]
    var pins: [PackageDigest: Int] = [:]
    var room = WaitingRoom()
    var timers = TimerTable<PackageDigest>()
    var nextAttempt: UInt64 = 1
    private var nextUse: UInt64 = 1

    /// - Parameter stored: what a restarted node read from its store.
    package init(
        limits: LoaderLimits = LoaderLimits(),
        policy: NodePolicy,
        stored code: StoredCode = StoredCode()
    ) {
        self.limits = limits
        self.policy = policy
        floors = code.floors
        for record in code.records {
            stored[record.digest] = Stored(record: record, lastUse: use())
        }
        records = Array(code.records.suffix(limits.records))
    }

    // MARK: Asking for code

    /// The code for a message, at once or later; `pending` parks the message under its token.
    package mutating func need(
        _ request: CodeRequest,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) -> CodeAnswer {
        let digest: PackageDigest
        switch wanted(request) {
        case .success(let found): digest = found
        case .failure(let error): return .refused(error)
        }
        if let reason = policy.refusal(of: request.application, digest) {
            return .refused(.policy([reason]))
        }
        if let entry = ready[digest] { return answer(request, digest, entry, at: now) }
        if let error = rejection(of: digest, at: now.instant) { return .refused(error) }
        if let record = stored[digest]?.record, record.application != request.application {
            return .refused(
                .wrongApplication(expected: request.application, found: record.application)
            )
        }
        if loads[digest] != nil { return join(request, digest) }
        return start(request, digest, at: now, &emit)
    }

    /// Which package serves the request: the newest accepted one in place of an older.
    private func wanted(_ request: CodeRequest) -> Result<PackageDigest, LoadError> {
        guard let floor = floors.versions[request.application], floor.digest != request.digest
        else { return .success(request.digest) }
        if let known = stored[request.digest]?.record, known.application == request.application,
            known.version < floor.version
        {
            return .success(floor.digest)
        }
        guard let claimed = request.version else { return .success(request.digest) }
        if claimed < floor.version { return .success(floor.digest) }
        if claimed == floor.version { return .failure(.package(.versionReused(claimed))) }
        return .success(request.digest)
    }

    private mutating func answer(
        _ request: CodeRequest,
        _ digest: PackageDigest,
        _ entry: Ready,
        at now: Now
    ) -> CodeAnswer {
        guard entry.peerlet.application == request.application else {
            return .refused(
                .wrongApplication(
                    expected: request.application,
                    found: entry.peerlet.application
                )
            )
        }
        if let error = entry.peerlet.manifest.lapse(at: now.wall) {
            return .refused(.package(error))
        }
        touch(digest)
        return .ready(entry.peerlet)
    }

    private mutating func join(_ request: CodeRequest, _ digest: PackageDigest) -> CodeAnswer {
        if let message = request.waiting {
            if let bound = room.enter(message, limits) { return .refused(.busy(bound)) }
            loads[digest]?.waiting.append(message)
        }
        if var load = loads[digest] {
            addSources(of: request, to: &load)
            loads[digest] = load
        }
        return .pending
    }

    private mutating func start(
        _ request: CodeRequest,
        _ digest: PackageDigest,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) -> CodeAnswer {
        let link = request.link
        if let bound = fetchBound(request.application, link) { return .refused(.busy(bound)) }
        var load = CodeLoad(
            digest: digest,
            application: request.application,
            message: Array(request.message.prefix(LoadRecord.messageLimit)),
            link: link,
            started: now.instant
        )
        addSources(of: request, to: &load)
        if load.untried.isEmpty, stored[digest] == nil {
            // Not remembered: the next message may name a source.
            return .refused(.unavailable(load.failures))
        }
        if let message = request.waiting {
            if let bound = room.enter(message, limits) { return .refused(.busy(bound)) }
            load.waiting = [message]
        }
        begin(load, at: now, &emit)
        return .pending
    }

    /// Whether no load of any application may begin now.
    package var isFull: Bool { loads.count >= limits.fetches }

    /// Whether a load that `link` causes may begin now.
    package func hasRoom(for application: ApplicationID, from link: Identifier?) -> Bool {
        fetchBound(application, link) == nil
    }

    /// Loads count, whatever their phase: a check holds the package's bytes too.
    private func fetchBound(_ application: ApplicationID, _ link: Identifier?) -> LoadError.Bound? {
        if loads.count >= limits.fetches { return .fetches }
        var same = 0
        var caused = 0
        for load in loads.values {
            if load.application == application { same += 1 }
            if let link, load.link == link { caused += 1 }
        }
        if same >= limits.fetchesPerApplication { return .fetchesPerApplication }
        return caused >= limits.fetchesPerLink ? .fetchesPerLink : nil
    }

    private func addSources(of request: CodeRequest, to load: inout CodeLoad) {
        let sources = request.sources
        for node in [sources.previousHop, sources.origin] {
            if let node { load.add(.node(node), limit: limits.sources) }
        }
        guard !sources.locator.isEmpty else { return }
        do throws(LocatorError) {
            load.add(try source(of: request, load.digest), limit: limits.sources)
        } catch {
            guard load.failures.count < limits.sources else { return }
            load.failures.append(
                SourceFailure(source: "locator", reason: .refused(error))
            )
        }
    }

    private func source(
        of request: CodeRequest,
        _ digest: PackageDigest
    ) throws(LocatorError) -> CodeSource {
        switch try CodeLocator(request.sources.locator) {
        case .ring(let named):
            // A request that was turned to a newer version may name the older one's key.
            guard named == request.digest else { throw .otherPackage }
            return .ring
        case .https(let host, let url):
            guard policy.httpsHosts.contains(host) else { throw .hostNotAllowed(host) }
            return .https(url)
        case .file(let path):
            guard request.sources.isLocalClient else { throw .fileFromPeer }
            return .file(path)
        }
    }

    // MARK: What is held

    /// Code in memory, by digest.
    package func loaded(_ digest: PackageDigest) -> LoadedPeerlet? { ready[digest]?.peerlet }

    /// The newest accepted code of an application, if it is in memory.
    package func newest(of application: ApplicationID) -> LoadedPeerlet? {
        floors.versions[application].flatMap { ready[$0.digest]?.peerlet }
    }

    /// The record of every package held, in the order of loading.
    package var held: [LoadRecord] {
        stored.values.map(\.record).sorted { ($0.loaded, $0.digest) < ($1.loaded, $1.digest) }
    }

    /// Keeps the package while an instance runs it.
    package mutating func pin(_ digest: PackageDigest) { pins[digest, default: 0] += 1 }

    package mutating func unpin(_ digest: PackageDigest) {
        guard let count = pins[digest] else { return }
        pins[digest] = count > 1 ? count - 1 : nil
    }

    /// Takes a new policy, and forgets what the old one refused.
    ///
    /// Code that runs already is the node's to judge anew.
    package mutating func adopt(_ policy: NodePolicy) {
        self.policy = policy
        rejected = rejected.filter { !$0.value.isPolicy }
    }

    /// Drops a parked message, as when its deadline passed.
    package mutating func forget(_ token: UInt64, of digest: PackageDigest) {
        guard var load = loads[digest],
            let index = load.waiting.firstIndex(where: { $0.token == token })
        else { return }
        room.leave(load.waiting.remove(at: index))
        loads[digest] = load
    }

    // MARK: Serving others

    /// The answer to another node's FETCH.
    package mutating func answer(
        _ fetch: CodeFetch,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) -> CodeChunk {
        guard let bytes = ready[fetch.digest]?.bytes else {
            if loads[fetch.digest] != nil {
                return CodeChunk(digest: fetch.digest, status: .busy)
            }
            return CodeChunk(digest: fetch.digest, status: recall(fetch.digest, at: now, &emit))
        }
        touch(fetch.digest)
        guard let start = Int(exactly: fetch.offset), start < bytes.count else {
            return CodeChunk(digest: fetch.digest, status: .absent)
        }
        let length = min(Int(fetch.length), CodeChunk.maximumLength, bytes.count - start)
        return CodeChunk(
            digest: fetch.digest,
            status: .found(
                total: UInt32(truncatingIfNeeded: bytes.count),
                offset: fetch.offset,
                bytes: Array(bytes[start..<start + length])
            )
        )
    }

    /// Brings a package back from disk for others to fetch.
    private mutating func recall(
        _ digest: PackageDigest,
        at now: Now,
        _ emit: inout EffectBuffer<LoaderEffect>
    ) -> CodeChunk.Status {
        guard let record = stored[digest]?.record,
            rejection(of: digest, at: now.instant) == nil
        else { return .absent }
        guard fetchBound(record.application, nil) == nil else { return .busy }
        let load = CodeLoad(
            digest: digest,
            application: record.application,
            message: [],
            link: nil,
            started: now.instant
        )
        begin(load, at: now, &emit)
        return .busy
    }

    // MARK: Use

    mutating func touch(_ digest: PackageDigest) {
        let use = use()
        ready[digest]?.lastUse = use
        stored[digest]?.lastUse = use
    }

    mutating func use() -> UInt64 {
        defer { nextUse &+= 1 }
        return nextUse
    }
}
