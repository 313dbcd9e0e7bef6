internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import SansIO
internal import Wire

/// The `flags` parameter of the calls that send (`Spec/abi.md` §4.1).
struct SendFlags {
    static let more: UInt64 = 1 << 8
    static let toHandle: UInt64 = 1 << 9

    let hopMode: HopMode
    let hasMore: Bool
    let isToHandle: Bool
    /// Fuel.
    let budget: UInt64

    /// Refuses bits that are not in `allowed`; hop mode and budget are allowed in messages only.
    init(_ parameter: Int64, allowed: UInt64, isMessage: Bool) throws(HostCallStop) {
        let bits = UInt64(bitPattern: parameter)
        let known = isMessage ? allowed | 3 | UInt64(UInt32.max) << 32 : allowed
        guard bits & ~known == 0, let mode = HopMode(rawValue: UInt8(bits & 3)) else {
            throw .refused(.argument)
        }
        hopMode = mode
        hasMore = bits & Self.more != 0
        isToHandle = bits & Self.toHandle != 0
        budget = (bits >> 32) * 1024
    }
}

// `kbr.route`, `send`, `request`, `reply` and `msg_set`.
extension UpcallExecution {
    private static let types: ClosedRange<Int64> = 0...65_535
    static let requestTimeouts: ClosedRange<Int64> = 1...86_400_000

    func messageType(_ index: Int) throws(HostCallStop) -> UInt16 {
        UInt16(truncatingIfNeeded: try number(index, in: Self.types))
    }

    func payloadLength(_ index: Int) throws(HostCallStop) -> Int {
        try number(index, in: 0...Int64(WireLimits.payload), tooBig: .tooBig)
    }

    /// The hop mode that a message of this application gets.
    func hopMode(_ asked: HopMode) -> HopMode {
        let isPerHop = invocation.peerlet.manifest.applicationType == .perHop
        return asked == .none && isPerHop ? .resident : asked
    }

    func requireSend(bytes: Int) throws(HostCallStop) {
        try require(.sends, 1, used: usage.sends, maximum: limits.sends, else: .rate)
        try require(
            .sendBytes,
            bytes,
            used: usage.sendBytes,
            maximum: limits.sendBytes,
            else: .rate
        )
    }

    func countSend(bytes: Int) {
        usage.sends += 1
        usage.sendBytes += bytes
    }

    private func reserve(_ budget: UInt64) throws(HostCallStop) {
        guard budget > 0 else { return }
        let left = lease.largestBudget(of: machine)
        guard lease.reserve(budget, from: machine) else {
            note(.budget, used: budget, maximum: left)
            throw .refused(.noBudget)
        }
    }

    private func requireRoute(to key: Identifier) throws(HostCallStop) {
        let routing = invocation.ring.routing
        if routing.localLookup(key, count: 1, safe: false).isEmpty, routing.isRoot(of: key) != .yes
        {
            throw .refused(.noRoute)
        }
    }

    func requireNotDead(_ node: NodeHandle) throws(HostCallStop) {
        if invocation.peers.dead.contains(node.id) { throw .refused(.dead) }
    }

    private func target(
        key: Identifier?,
        node: NodeHandle?
    ) throws(HostCallStop)
        -> OutgoingMessage.Target
    {
        if let key {
            try requireRoute(to: key)
            return .key(key, hint: node)
        }
        guard let node else { throw .refused(.argument) }
        try requireNotDead(node)
        return .node(node)
    }

    func route() throws(HostCallStop) -> Int64 {
        let type = try messageType(2)
        let length = try payloadLength(4)
        let flags = try SendFlags(argument(5), allowed: 0, isMessage: true)
        let key = try identifier(0)
        let hintRange = try optionalRange(1, NodeHandle.byteCount)
        let payload = try bytes(3, length)
        let hint: NodeHandle? = if let hintRange { try node(from: load(hintRange)) } else { nil }
        let message = OutgoingMessage(
            target: try target(key: key, node: hint),
            type: type,
            hopMode: hopMode(flags.hopMode),
            budget: flags.budget,
            payload: payload
        )
        return try dispatch(message)
    }

    func send() throws(HostCallStop) -> Int64 {
        let type = try messageType(1)
        let length = try payloadLength(3)
        let flags = try SendFlags(argument(4), allowed: 0, isMessage: true)
        let handle = try bytes(0, NodeHandle.byteCount)
        let payload = try bytes(2, length)
        let message = OutgoingMessage(
            target: try target(key: nil, node: try node(from: handle)),
            type: type,
            hopMode: hopMode(flags.hopMode),
            budget: flags.budget,
            payload: payload
        )
        return try dispatch(message)
    }

    func dispatch(_ message: OutgoingMessage) throws(HostCallStop) -> Int64 {
        try requireSend(bytes: message.payload.count)
        try reserve(message.budget)
        countSend(bytes: message.payload.count)
        effects.append(.send(message))
        return 0
    }

    func request() throws(HostCallStop) -> Int64 {
        let type = try messageType(3)
        let length = try payloadLength(5)
        let timeout = try number(6, in: Self.requestTimeouts)
        let flags = try SendFlags(argument(7), allowed: 0, isMessage: true)
        let application = try optionalIdentifier(0).map(ApplicationID.init)
        let key = try optionalIdentifier(1)
        let nodeRange = try optionalRange(2, NodeHandle.byteCount)
        let payload = try bytes(4, length)
        let handle: NodeHandle? = if let nodeRange { try node(from: load(nodeRange)) } else { nil }
        let isOwn = application == nil || application == self.application
        let message = OutgoingMessage(
            target: try target(key: key, node: handle),
            application: isOwn ? nil : application,
            type: type,
            hopMode: isOwn ? hopMode(flags.hopMode) : flags.hopMode,
            budget: flags.budget,
            payload: payload
        )
        try require(.requests, 1, used: usage.requests, maximum: limits.requests, else: .quota)
        try requireSend(bytes: payload.count)
        let token = invocation.firstToken &+ UInt64(usage.requests)
        try reserve(message.budget)
        countSend(bytes: payload.count)
        usage.requests += 1
        effects.append(
            .request(token: token, message, timeout: .milliseconds(UInt64(timeout)))
        )
        return Int64(truncatingIfNeeded: token)
    }

    func reply() throws(HostCallStop) -> Int64 {
        let status = argument(1)
        let length = try payloadLength(3)
        let flags = try SendFlags(argument(4), allowed: SendFlags.more, isMessage: false)
        let handle = try bytes(0, ReplyHandle.byteCount)
        let payload = try bytes(2, length)
        return try reply(handle, status: status, payload: payload, isLast: !flags.hasMore)
    }

    func reply(
        _ bytes: [UInt8],
        status: Int64,
        payload: [UInt8],
        isLast: Bool
    ) throws(HostCallStop) -> Int64 {
        guard bytes.contains(where: { $0 != 0 }),
            let handle = try? ReplyHandle(wireBytes: bytes, "reply handle")
        else { throw .refused(.argument) }
        try requireSend(bytes: payload.count)
        countSend(bytes: payload.count)
        effects.append(.reply(handle, status: status, payload: payload, isLast: isLast))
        return 0
    }

    func setMessage() throws(HostCallStop) -> Int64 {
        guard upcall == .forward else { throw .refused(.permission) }
        let what = try number(0, in: 1...4)
        let length = try payloadLength(2)
        let expected = [1: Identifier.byteCount, 2: NodeHandle.byteCount, 4: 2]
        if let expected = expected[what], expected != length { throw .refused(.argument) }
        let data = try bytes(1, length)
        switch what {
        case 1: verdict.key = Identifier(bytes: data)
        case 2: verdict.next = try node(from: data)
        case 3: verdict.payload = data
        default: verdict.type = UInt16(data[0]) | UInt16(data[1]) << 8
        }
        return 0
    }
}
