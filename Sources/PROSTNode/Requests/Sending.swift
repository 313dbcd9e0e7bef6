internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import SansIO
internal import Wire

// Messages and requests that instances send (`Spec/node.md` §3).
extension Node {
    mutating func send(
        _ outgoing: OutgoingMessage,
        budget: UInt64,
        for output: HeldOutput,
        by id: InstanceID,
        _ hosted: HostedApplication
    ) {
        guard !passages.isFull(for: RoomHolder(application: id.application)),
            let (message, hint) = header(
                outgoing,
                budget: budget,
                timeout: configuration.messageTimeLimit,
                for: output,
                by: id,
                hosted
            )
        else { return ledger.burn(budget) }
        begin(
            Passage(
                message: message,
                previous: nil,
                arrived: now.instant,
                hint: hint,
                sender: SenderReference(
                    instance: id,
                    token: 0,
                    paidByRate: output.entry.budget == nil
                )
            )
        )
    }

    mutating func request(
        _ outgoing: OutgoingMessage,
        token: UInt64,
        timeout: TimeSpan,
        budget: UInt64,
        for output: HeldOutput,
        by id: InstanceID,
        _ hosted: HostedApplication
    ) {
        let waiter = RequestWaiter.instance(id, token: token)
        guard
            let (header, hint) = header(
                outgoing,
                budget: 0,
                timeout: timeout,
                for: output,
                by: id,
                hosted
            )
        else { return ledger.burn(budget) }
        let handle = makeHandle(for: waiter, timeout: timeout)
        var message = header
        message.flags.insert(.request)
        message.replyHandle = handle
        message.id.low = handle.nonce
        startRequest(message, hint: hint, waiter: waiter, timeout: timeout, budget: budget)
    }

    func makeHandle(for waiter: RequestWaiter, timeout: TimeSpan, nonce: UInt64) -> ReplyHandle {
        let (deadline, overflow) = now.wall.milliseconds.addingReportingOverflow(
            timeout.milliseconds
        )
        return authority.handle(
            nonce: nonce,
            deadline: overflow ? .max : deadline,
            waiter: waiter
        )
    }

    mutating func makeHandle(for waiter: RequestWaiter, timeout: TimeSpan) -> ReplyHandle {
        makeHandle(for: waiter, timeout: timeout, nonce: random.next())
    }

    /// The header of a message that an instance sends, and its first hop if it chose one.
    private mutating func header(
        _ outgoing: OutgoingMessage,
        budget: UInt64,
        timeout: TimeSpan,
        for output: HeldOutput,
        by id: InstanceID,
        _ hosted: HostedApplication
    ) -> (RoutedMessage, NodeHandle?)? {
        let target = outgoing.application ?? id.application
        let code: RoutedMessage.Code
        let type: Manifest.ApplicationType
        if target == id.application {
            code = hosted.code
            type = hosted.peerlet.manifest.applicationType
        } else {
            guard let other = applications[target] else { return nil }
            code = other.code
            type = other.peerlet.manifest.applicationType
        }
        let limit = min(timeout, configuration.messageTimeLimit)
        var message = RoutedMessage(
            id: MessageID(high: random.next(), low: random.next()),
            destination: .zero,
            application: target,
            applicationType: type.rawValue,
            hopMode: type == .perHop && outgoing.hopMode == .none ? .resident : outgoing.hopMode,
            type: outgoing.type,
            remaining: UInt32(clamping: limit.milliseconds),
            budget: budget,
            origin: handle,
            code: code,
            payload: outgoing.payload
        )
        message.principal = output.entry.event.principal
        if target != id.application { message.sourceApplication = id.application }
        switch outgoing.target {
        case .key(let key, let hint):
            message.destination = key
            return (message, hint)
        case .node(let node):
            message.destination = node.id
            message.flags.insert(.direct)
            message.range = output.stamp
            return (message, node)
        }
    }

    /// What one member says to another while it serves the key of its upcall (`Spec/wire.md` §8).
    func stamp(for event: UpcallEvent, _ hosted: HostedApplication) -> RangeStamp? {
        guard event.upcall.hasKey, let epoch = hosted.ranges?.epoch(for: event.key) else {
            return nil
        }
        return RangeStamp(key: event.key, epoch: epoch)
    }

    /// A first message to the instance of a key, which its root makes (`Spec/abi.md` §4.7).
    mutating func spawn(
        _ application: ApplicationID,
        _ key: Identifier,
        _ argument: [UInt8],
        budget: UInt64,
        for output: HeldOutput,
        by id: InstanceID,
        _ hosted: HostedApplication
    ) {
        let message = OutgoingMessage(
            target: .key(key, hint: nil),
            application: application,
            type: 0,
            hopMode: .none,
            budget: 0,
            payload: argument
        )
        send(message, budget: budget, for: output, by: id, hosted)
    }
}
