/// What a host call costs: `base` plus one fuel for every `bytesPerFuel` bytes begun, where the
/// byte count is the value of one parameter times `unit` (`Spec/abi.md` §4).
package struct HostCallPrice: Sendable, Equatable {
    package let base: UInt64
    package let bytesPerFuel: UInt64
    /// Index of the parameter that tells the size; nil if the price is flat.
    package let sizeParameter: Int?
    package let unit: UInt64

    /// Fuel for the given parameters; saturates instead of overflowing, and so cannot be paid.
    package func fuel(size: UInt64) -> UInt64 {
        guard sizeParameter != nil else { return base }
        let (bytes, overflow) = size.multipliedReportingOverflow(by: unit)
        if overflow { return .max }
        let rounded = bytes / bytesPerFuel + (bytes % bytesPerFuel == 0 ? 0 : 1)
        let (sum, tooMuch) = base.addingReportingOverflow(rounded)
        return tooMuch ? .max : sum
    }
}

/// One function that the host offers to peerlets.
package struct HostCallInfo: Sendable {
    package let call: HostCall
    package let name: String
    /// Parameter names; a trailing `*` marks an address in the peerlet's memory.
    package let parameters: [String]
    package let price: HostCallPrice
}

/// The host calls of ABI version 1 (`Spec/abi.md` §4); every one returns one i64, negative = error.
package enum HostCall: UInt16, CaseIterable, Sendable {
    case kbrRoute, kbrSend, kbrRequest, kbrReply, kbrSelf, kbrLocalLookup, kbrNeighborSet
    case kbrReplicaSet, kbrRange, kbrIsRoot, kbrLease, kbrProximity, kbrAlive, kbrWatch
    case kbrMessageSet
    case storePut, storeGet, storeDelete, storeNext, storeDigest, storeInfo, storeSetMeta, storeSend
    case timeNow, timeTimer, timeCancel
    case cryptoHash, cryptoVerify, cryptoSign, cryptoMAC, cryptoRandom
    case clientPush, clientList
    case envGet, envLog, envStat
    case lifeSpawn, lifeExit, lifeCheckpoint, lifeSnap
    case idOperation, gfMultiplyAdd
}

/// The host ABI as one table, used by assembler, verifier, VM and runtime.
package enum HostABI {
    package static let version: UInt16 = 1

    package static func info(_ call: HostCall) -> HostCallInfo { rows[Int(call.rawValue)] }

    package static func call(named name: String) -> HostCall? { byName[name] }

    private static let byName = Dictionary(uniqueKeysWithValues: rows.map { ($0.name, $0.call) })

    private enum Class {
        case pure, local, read, write, message, hash, signature, lifecycle

        var rates: (base: UInt64, bytesPerFuel: UInt64) {
            switch self {
            case .pure: (40, 16)
            case .local: (200, 16)
            case .read: (200, 8)
            case .write: (500, 4)
            case .message: (1000, 4)
            case .hash: (500, 1)
            case .signature: (50_000, 2)
            case .lifecycle: (100_000, 4)
            }
        }
    }

    private static func row(
        _ call: HostCall,
        _ name: String,
        _ parameters: String,
        _ priceClass: Class,
        size: String? = nil,
        unit: UInt64 = 1
    ) -> HostCallInfo {
        let names = parameters.split(separator: " ").map(String.init)
        return HostCallInfo(
            call: call,
            name: name,
            parameters: names,
            price: HostCallPrice(
                base: priceClass.rates.base,
                bytesPerFuel: priceClass.rates.bytesPerFuel,
                sizeParameter: size.flatMap { names.firstIndex(of: $0) },
                unit: unit
            )
        )
    }

    /// In the order of `HostCall`.
    package static let rows: [HostCallInfo] = [
        row(.kbrRoute, "kbr.route", "key* hint* type data* len flags", .message, size: "len"),
        row(.kbrSend, "kbr.send", "node* type data* len flags", .message, size: "len"),
        row(
            .kbrRequest,
            "kbr.request",
            "app* key* node* type data* len timeout_ms flags",
            .message,
            size: "len"
        ),
        row(.kbrReply, "kbr.reply", "handle* status data* len flags", .message, size: "len"),
        row(.kbrSelf, "kbr.self", "out*", .local),
        row(
            .kbrLocalLookup,
            "kbr.local_lookup",
            "key* count safe out*",
            .local,
            size: "count",
            unit: 64
        ),
        row(.kbrNeighborSet, "kbr.neighbor_set", "count out*", .local, size: "count", unit: 64),
        row(
            .kbrReplicaSet,
            "kbr.replica_set",
            "key* count out*",
            .local,
            size: "count",
            unit: 64
        ),
        row(.kbrRange, "kbr.range", "node* rank cumulative key* low* high*", .local),
        row(.kbrIsRoot, "kbr.is_root", "key*", .local),
        row(.kbrLease, "kbr.lease", "key*", .local),
        row(.kbrProximity, "kbr.proximity", "node*", .local),
        row(.kbrAlive, "kbr.alive", "node*", .local),
        row(.kbrWatch, "kbr.watch", "node* on", .local),
        row(.kbrMessageSet, "kbr.msg_set", "what data* len", .local, size: "len"),
        row(
            .storePut,
            "st.put",
            "key* klen data* len ttl_s flags meta*",
            .write,
            size: "len"
        ),
        row(.storeGet, "st.get", "key* klen offset out* cap meta*", .read, size: "cap"),
        row(.storeDelete, "st.del", "key* klen", .write),
        row(.storeNext, "st.next", "from* flen low* high* direction out_key* meta*", .read),
        row(.storeDigest, "st.digest", "low* high* out*", .read),
        row(.storeInfo, "st.info", "out*", .local),
        row(.storeSetMeta, "st.set_meta", "key* klen ttl_s meta*", .write),
        row(
            .storeSend,
            "st.send",
            "target* type header* hlen key* klen flags",
            .message,
            size: "hlen"
        ),
        row(.timeNow, "time.now", "which", .pure),
        row(.timeTimer, "time.timer", "delay_ms period_ms cookie", .local),
        row(.timeCancel, "time.cancel", "id", .local),
        row(.cryptoHash, "cr.hash", "algorithm data* len out*", .hash, size: "len"),
        row(
            .cryptoVerify,
            "cr.verify",
            "algorithm key* signature* data* len",
            .signature,
            size: "len"
        ),
        row(.cryptoSign, "cr.sign", "data* len signature*", .signature, size: "len"),
        row(.cryptoMAC, "cr.mac", "data* len out*", .hash, size: "len"),
        row(.cryptoRandom, "cr.random", "out* len", .hash, size: "len"),
        row(.clientPush, "cl.push", "client type data* len", .message, size: "len"),
        row(.clientList, "cl.list", "out* cap", .local, size: "cap", unit: 8),
        row(.envGet, "env.get", "what out* cap", .local, size: "cap"),
        row(.envLog, "env.log", "level data* len", .local, size: "len", unit: 64),
        row(.envStat, "env.stat", "name* nlen delta", .local, size: "nlen"),
        row(.lifeSpawn, "life.spawn", "app* key* data* len flags", .lifecycle, size: "len"),
        row(.lifeExit, "life.exit", "code", .local),
        row(.lifeCheckpoint, "life.checkpoint", "flags", .lifecycle),
        row(.lifeSnap, "life.snap", "data* len", .write, size: "len"),
        row(.idOperation, "id.op", "operation a* b* out*", .local),
        row(.gfMultiplyAdd, "gf.mac", "target* source* factor len", .hash, size: "len"),
    ]
}

/// The upcalls a peerlet may export (`Spec/abi.md` §3); each returns one i64.
package enum Upcall: UInt8, CaseIterable, Sendable {
    case initialize, forward, deliver, reply, undeliverable, update, timer, client, clientGone
    case snapshot, restore, stop

    package var name: String {
        switch self {
        case .initialize: "init"
        case .forward: "forward"
        case .deliver: "deliver"
        case .reply: "reply"
        case .undeliverable: "undeliverable"
        case .update: "update"
        case .timer: "timer"
        case .client: "client"
        case .clientGone: "client_gone"
        case .snapshot: "snapshot"
        case .restore: "restore"
        case .stop: "stop"
        }
    }

    /// Names of the parameters, all i64; `event*` points to an event block in the inbox.
    package var parameters: [String] {
        switch self {
        case .initialize: ["reason"]
        case .forward, .deliver, .reply, .undeliverable, .update, .client, .restore: ["event*"]
        case .timer: ["cookie", "id"]
        case .clientGone: ["client"]
        case .snapshot: ["low*", "high*", "reason"]
        case .stop: ["reason"]
        }
    }

    package var parameterCount: Int {
        switch self {
        case .snapshot: 3
        case .timer: 2
        case .initialize, .forward, .deliver, .reply, .undeliverable, .update, .client: 1
        case .clientGone, .restore, .stop: 1
        }
    }

    /// Whether its event is about a key (`Spec/abi.md` §2).
    package var hasKey: Bool {
        switch self {
        case .forward, .deliver, .reply, .undeliverable, .client: true
        case .initialize, .update, .timer, .clientGone, .snapshot, .restore, .stop: false
        }
    }

    package init?(name: some StringProtocol) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = found
    }
}

/// What host calls return below zero (`Spec/abi.md` §5).
package enum HostError: Int64, CaseIterable, Sendable {
    case argument = -1
    case memory = -2
    case notFound = -3
    case exists = -4
    case quota = -5
    case rate = -6
    case tooBig = -7
    case noRoute = -8
    case dead = -9
    case timeout = -10
    case unsure = -11
    case permission = -12
    case gone = -13
    case stale = -14
    case denied = -15
    case noSuchApplication = -16
    case badSignature = -17
    case migrated = -18
    case fault = -19
    case notSupported = -20
    case noBudget = -21
}
