import Cryptography
import KBR
import PROSTNode
import PeerletBytecode
import PeerletPackage
import PeerletRuntime
import SansIO
import Testing

/// Packages made for the tests, and a loader with a store and a clock around it.
struct LoaderFixture {
    static let root = key(1)
    static let start = Now(instant: .zero, wall: WallTime(milliseconds: 1_800_000_000_000))

    static func key(_ byte: UInt8) -> PrivateKey {
        do { return try PrivateKey(seed: [UInt8](repeating: byte, count: 32)) } catch {
            fatalError("\(error)")
        }
    }

    /// A file with its digest and application.
    struct Package {
        var bytes: [UInt8]
        var digest: PackageDigest
        var application: ApplicationID

        init(
            _ name: String = "kv",
            version: UInt64 = 1,
            padding: Int = 0,
            code: [UInt8] = [Opcode.ret.rawValue],
            imports: [ProgramImage.HostImport] = [],
            signer: PrivateKey = LoaderFixture.root,
            authority: SigningAuthority? = nil,
            _ change: (inout ManifestDraft) -> Void = { _ in }
        ) throws {
            var image = ProgramImage()
            image.imports = imports
            image.functions = [
                .init(parameterCount: 0, resultCount: 0, localCount: 0, code: code)
            ]
            if padding > 0 {
                image.memory.initialPages = 256
                image.memory.maximumPages = 256
                image.data = [
                    .init(address: 0, bytes: [UInt8](repeating: UInt8(version), count: padding))
                ]
            }
            var draft = ManifestDraft(name: name, version: version)
            change(&draft)
            bytes = try PackageWriter.build(
                draft,
                image: image,
                signer: signer,
                authority: authority
            )
            digest = try #require(PackageDigest(bytes: SHA256.digest(bytes)))
            application = try #require(
                ApplicationID(rootKey: authority?.rootKey ?? signer.publicKey, name: name)
            )
        }
    }

    static func node(_ number: UInt64) -> NodeHandle {
        NodeHandle(
            id: Identifier(words: (number, 0, 0, 0)),
            endpoint: Endpoint(127, 0, 0, 1, port: UInt16(7000 + number))
        )
    }

    var loader: CodeLoader
    var store = MemoryStore()
    var now = LoaderFixture.start
    private(set) var resumed: [UInt64] = []
    private(set) var abandoned: [(token: UInt64, error: LoadError)] = []
    private(set) var sent: [(fetch: CodeFetch, peer: NodeHandle)] = []
    private(set) var probes: [(fetch: CodeFetch, key: Identifier)] = []
    private(set) var downloads: [CodeDownload] = []
    private(set) var cancelled: [UInt64] = []
    private(set) var loaded: [LoadRecord] = []
    private(set) var checks = 0
    /// Checks are carried out at once unless this holds them back.
    var holdsChecks = false
    private(set) var heldChecks: [CodeCheck] = []
    private var nextToken: UInt64 = 1

    init(
        policy: NodePolicy = .trusting([LoaderFixture.root.publicKey]),
        _ change: (inout LoaderLimits) -> Void = { _ in }
    ) {
        var limits = LoaderLimits()
        change(&limits)
        loader = CodeLoader(limits: limits, policy: policy)
    }

    /// A crash and a start from the disk.
    mutating func restart() throws {
        store.crash()
        loader = CodeLoader(
            limits: loader.limits,
            policy: loader.policy,
            stored: try StoredCode(from: store)
        )
    }

    mutating func advance(milliseconds: UInt64) {
        now.instant = now.instant + .milliseconds(milliseconds)
        now.wall.milliseconds += milliseconds
        step { loader, now, emit in loader.wake(at: now, &emit) }
    }

    /// Asks for a package as a message from `link` does; its token is the number of the request.
    @discardableResult
    mutating func need(
        _ package: Package,
        version: UInt64? = nil,
        from hop: NodeHandle? = LoaderFixture.node(1),
        origin: NodeHandle? = nil,
        locator: String = "",
        isLocalClient: Bool = false,
        application: ApplicationID? = nil,
        byteCount: UInt64 = 100
    ) -> CodeAnswer {
        let application = application ?? package.application
        let request = CodeRequest(
            digest: package.digest,
            application: application,
            version: version,
            sources: CodeSources(
                previousHop: hop,
                origin: origin,
                locator: locator,
                isLocalClient: isLocalClient
            ),
            message: [7, 7],
            waiting: WaitingMessage(
                token: nextToken,
                application: application,
                link: hop?.id,
                byteCount: byteCount
            )
        )
        nextToken += 1
        return step { loader, now, emit in loader.need(request, at: now, &emit) }
    }

    mutating func install(_ package: Package) -> CodeAnswer {
        let request = CodeRequest(
            digest: package.digest,
            application: package.application,
            version: nil,
            sources: CodeSources(isLocalClient: true),
            message: [],
            waiting: nil
        )
        return step { loader, now, emit in
            loader.install(package.bytes, request, at: now, &emit)
        }
    }

    mutating func chunk(_ status: CodeChunk.Status, of digest: PackageDigest, from peer: NodeHandle)
    {
        step { loader, now, emit in
            loader.receive(CodeChunk(digest: digest, status: status), from: peer, at: now, &emit)
        }
    }

    /// Answers the latest request as an honest holder of `bytes` would.
    mutating func serve(_ bytes: [UInt8]) {
        guard let (fetch, peer) = sent.last else { return }
        let start = Int(fetch.offset)
        let end = min(start + Int(fetch.length), bytes.count)
        chunk(
            .found(
                total: UInt32(bytes.count),
                offset: fetch.offset,
                bytes: Array(bytes[start..<end])
            ),
            of: fetch.digest,
            from: peer
        )
    }

    /// Serves until nothing more is asked for.
    mutating func serveAll(_ bytes: [UInt8]) {
        var count = -1
        while sent.count != count {
            count = sent.count
            serve(bytes)
        }
    }

    mutating func downloaded(_ download: CodeDownload, _ result: Result<[UInt8], SourceFailure>) {
        step { loader, now, emit in
            loader.downloaded(
                download.digest,
                attempt: download.attempt,
                result,
                at: now,
                &emit
            )
        }
    }

    mutating func progressed(_ download: CodeDownload, bytes: UInt64, attempt: UInt64? = nil) {
        loader.progressed(download.digest, attempt: attempt ?? download.attempt, bytes: bytes)
    }

    mutating func runHeldChecks() {
        let held = heldChecks
        heldChecks = []
        for check in held { run(check) }
    }

    private mutating func run(_ check: CodeCheck) {
        checks += 1
        let report = check.run(reading: store)
        step { loader, now, emit in loader.checked(report, at: now, &emit) }
    }

    @discardableResult
    mutating func step<Result>(
        _ body: (inout CodeLoader, Now, inout EffectBuffer<LoaderEffect>) -> Result
    ) -> Result {
        var emit = EffectBuffer<LoaderEffect>()
        let result = body(&loader, now, &emit)
        for effect in emit.drain() { carryOut(effect) }
        return result
    }

    private mutating func carryOut(_ effect: LoaderEffect) {
        switch effect {
        case .fetch(let fetch, let peer): sent.append((fetch, peer))
        case .probe(let fetch, let key): probes.append((fetch, key))
        case .download(let download): downloads.append(download)
        case .cancelDownload(_, let attempt): cancelled.append(attempt)
        case .check(let check): if holdsChecks { heldChecks.append(check) } else { run(check) }
        case .commit(let batch):
            store.apply(batch)
            store.sync()
        case .resume(let messages, _): resumed += messages.map(\.token)
        case .abandon(let messages, let error):
            abandoned += messages.map { ($0.token, error) }
        case .loaded(let record): loaded.append(record)
        }
    }
}

extension CodeAnswer {
    var peerlet: LoadedPeerlet? { if case .ready(let peerlet) = self { peerlet } else { nil } }
    var error: LoadError? { if case .refused(let error) = self { error } else { nil } }
    var isPending: Bool { if case .pending = self { true } else { false } }
}
