internal import KBR
internal import PeerletBytecode
internal import SansIO
internal import Wire

/// The `flags` of `st.put`.
private struct PutFlags: OptionSet {
    let rawValue: Int64

    static let cache = PutFlags(rawValue: 1)
    static let ifAbsent = PutFlags(rawValue: 2)
    static let ifVersion = PutFlags(rawValue: 4)
    static let version = PutFlags(rawValue: 8)
    static let known: PutFlags = [.cache, .ifAbsent, .ifVersion, .version]
}

// `st.put`, `get`, `del`, `set_meta`, `send` (`Spec/abi.md` §4.2).
extension UpcallExecution {
    private static let bytesPerSurcharge: UInt64 = 4
    private static let lifetimes: ClosedRange<Int64> = -1...1 << 40

    /// Runs a store operation; a failing disk ends the upcall.
    func stored<T>(_ body: (inout UpcallStore) throws(StoreError) -> T) throws(HostCallStop) -> T {
        store.open()
        do {
            return try body(&store)
        } catch {
            throw .store(error)
        }
    }

    func keyLength(_ index: Int) throws(HostCallStop) -> Int {
        let shortest: Int64 = invocation.ring.configured == nil ? 1 : 32
        return try number(index, in: shortest...Int64(WireLimits.storeKey))
    }

    private func expiry(_ seconds: Int, meta: RowMeta?) throws(HostCallStop) -> WallTime? {
        switch seconds {
        case -1:
            guard let meta else { throw .refused(.argument) }
            return meta.expires == 0 ? nil : WallTime(milliseconds: meta.expires)
        case 0: return nil
        default:
            let (milliseconds, overflow) = invocation.now.wall.milliseconds
                .addingReportingOverflow(UInt64(seconds) * 1000)
            return WallTime(milliseconds: overflow ? .max : milliseconds)
        }
    }

    /// The version after `old`, written by this node.
    private func successor(of old: ReplicaVersion) throws(HostCallStop) -> ReplicaVersion {
        guard old.counter < UInt64(Int64.max) else { throw .refused(.tooBig) }
        return ReplicaVersion(counter: old.counter + 1, writer: invocation.ring.routing.local.id)
    }

    /// Whether a consistent store may take changes of `key` here: this node is in the configuration
    /// of its arc and has promised no other (`Spec/abi.md` §6.4).
    private func isHeld(_ key: [UInt8]) -> Bool {
        guard let configured = invocation.ring.configured else { return true }
        guard let point = Identifier(bytes: key.prefix(Identifier.byteCount)) else { return false }
        return configured.contains { $0.isServing && $0.arc.contains(point) }
    }

    /// Buffers a write if quotas allow it.
    private func write(
        _ key: [UInt8],
        from old: StoredValue?,
        to new: StoredValue?
    ) throws(HostCallStop) {
        guard isHeld(key) else { throw .refused(.unsure) }
        try require(
            .storeWrites,
            1,
            used: store.writeCount,
            maximum: limits.storeWrites,
            else: .quota
        )
        let growth = UpcallStore.growth(key, from: old, to: new)
        let total = store.growth + growth + Int64(clamping: usage.snapshotBytes)
        if growth > 0, total > 0, UInt64(total) > limits.storeBytes {
            note(.storeBytes, used: UInt64(total), maximum: limits.storeBytes)
            throw .refused(.quota)
        }
        store.write(key, from: old, to: new)
    }

    func put() throws(HostCallStop) -> Int64 {
        let keyLength = try keyLength(1)
        let length = try number(3, in: 0...Int64(WireLimits.storeValue), tooBig: .tooBig)
        let seconds = try number(4, in: Self.lifetimes)
        let flags = PutFlags(rawValue: argument(5))
        let isConditional = !flags.isDisjoint(with: [.ifVersion, .version])
        guard flags.isSubset(of: .known), !flags.isSuperset(of: [.ifVersion, .version]),
            !(isConditional || seconds == -1) || argument(6) != 0
        else { throw .refused(.argument) }
        let key = try bytes(0, keyLength)
        let data = try bytes(2, length)
        let metaRange = try optionalRange(6, RowMeta.byteCount)
        let meta: RowMeta? = if let metaRange { RowMeta(bytes: try load(metaRange)) } else { nil }
        let old = try stored { store throws(StoreError) in try store.stored(key) }
        let live = old.flatMap { store.isLive($0) ? $0 : nil }
        if flags.contains(.ifAbsent), live != nil { throw .refused(.exists) }
        let version = try version(for: flags, meta: meta, old: old, live: live)
        let value = StoredValue(
            version: version,
            expires: try expiry(seconds, meta: meta),
            isCache: flags.contains(.cache),
            userBytes: meta?.userBytes ?? [],
            bytes: data
        )
        try write(key, from: old, to: value)
        return Int64(truncatingIfNeeded: version.counter)
    }

    private func version(
        for flags: PutFlags,
        meta: RowMeta?,
        old: StoredValue?,
        live: StoredValue?
    ) throws(HostCallStop) -> ReplicaVersion {
        let current = old?.version ?? .none
        if flags.contains(.version), let given = meta?.version {
            guard given.counter >= 1, given.counter <= UInt64(Int64.max) else {
                throw .refused(.argument)
            }
            guard current < given else { throw .refused(.stale) }
            return given
        }
        if flags.contains(.ifVersion), meta?.version != live?.version ?? ReplicaVersion.none {
            throw .refused(.stale)
        }
        return try successor(of: current)
    }

    func get() throws(HostCallStop) -> Int64 {
        let keyLength = try keyLength(1)
        let offset = try number(2, in: 0...Int64.max)
        let capacity = try number(4, in: 0...Int64(Int32.max))
        let key = try bytes(0, keyLength)
        let out = try range(3, capacity)
        let metaRange = try optionalRange(5, RowMeta.byteCount)
        guard let value = try stored({ store throws(StoreError) in try store.live(key) }) else {
            throw .refused(.notFound)
        }
        if offset < value.bytes.count {
            try write(Array(value.bytes[offset...].prefix(capacity)), to: out)
        }
        if let metaRange { try write(RowMeta(of: value).bytes, to: metaRange) }
        return Int64(value.bytes.count)
    }

    func delete() throws(HostCallStop) -> Int64 {
        let keyLength = try keyLength(1)
        let key = try bytes(0, keyLength)
        guard let old = try stored({ store throws(StoreError) in try store.live(key) }) else {
            throw .refused(.notFound)
        }
        try write(key, from: old, to: nil)
        return 0
    }

    func setMeta() throws(HostCallStop) -> Int64 {
        let keyLength = try keyLength(1)
        let seconds = try number(2, in: Self.lifetimes)
        let key = try bytes(0, keyLength)
        let meta = RowMeta(bytes: try bytes(3, RowMeta.byteCount))
        guard let old = try stored({ store throws(StoreError) in try store.live(key) }) else {
            throw .refused(.notFound)
        }
        var value = old
        value.version = try successor(of: old.version)
        value.expires = try expiry(seconds, meta: meta)
        value.userBytes = meta.userBytes
        try write(key, from: old, to: value)
        return Int64(truncatingIfNeeded: value.version.counter)
    }

    func sendStored() throws(HostCallStop) -> Int64 {
        let headerLength = try payloadLength(3)
        let keyLength = try keyLength(5)
        let isToHandle = UInt64(bitPattern: argument(6)) & SendFlags.toHandle != 0
        let flags = try SendFlags(
            argument(6),
            allowed: SendFlags.toHandle | (isToHandle ? SendFlags.more : 0),
            isMessage: !isToHandle
        )
        let type = isToHandle ? 0 : try messageType(1)
        let target = try bytes(0, isToHandle ? ReplyHandle.byteCount : NodeHandle.byteCount)
        let header = try bytes(2, headerLength)
        let key = try bytes(4, keyLength)
        let found = try stored { store throws(StoreError) in try store.live(key) }
        guard let value = found else { throw .refused(.notFound) }
        guard header.count + value.bytes.count <= WireLimits.payload else {
            throw .refused(.tooBig)
        }
        let size = UInt64(value.bytes.count)
        try surcharge((size + Self.bytesPerSurcharge - 1) / Self.bytesPerSurcharge)
        let payload = header + value.bytes
        if isToHandle {
            return try reply(
                target,
                status: argument(1),
                payload: payload,
                isLast: !flags.hasMore
            )
        }
        let node = try node(from: target)
        try requireNotDead(node)
        return try dispatch(
            OutgoingMessage(
                target: .node(node),
                type: type,
                hopMode: hopMode(flags.hopMode),
                budget: flags.budget,
                payload: payload
            )
        )
    }
}
