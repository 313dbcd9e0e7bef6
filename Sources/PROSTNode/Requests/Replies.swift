internal import Chord
internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

/// A request that was delivered here: what its answer tells of it.
struct ServedRequest: Hashable, Sendable {
    var hops: UInt8
    /// Spent by its upcalls here before the one that answers.
    var fuel: UInt64
}

// Answers go to the origin over an open connection, else back along the path of the request, else
// they are routed to the origin's identifier (`Spec/node.md` §3.4).
extension Node {
    /// Remembers what a request cost so far, for the upcall that will answer it.
    mutating func noteServed(_ output: HeldOutput, by application: ApplicationID) {
        let event = output.entry.event
        guard event.upcall == .deliver, let handle = event.replyHandle else { return }
        _ = served.insert(
            ReversePath(origin: handle.origin, nonce: handle.nonce),
            ServedRequest(hops: UInt8(clamping: event.hops), fuel: output.report.fuelSpent),
            for: RoomHolder(application: application),
            until: now.instant + configuration.messageTimeLimit,
            at: now.instant
        )
    }

    /// An instance's answer.
    ///
    /// A gateway's answer to its client tells of the node that answered the gateway;
    /// any other tells of this node and what the request cost here.
    mutating func answer(
        _ handle: ReplyHandle,
        _ status: Int64,
        _ payload: [UInt8],
        isLast: Bool,
        for output: HeldOutput,
        by application: ApplicationID
    ) {
        let event = output.entry.event
        var hops = UInt8(clamping: event.hops)
        var fuel = output.report.fuelSpent &+ output.entry.fuelElsewhere
        var responder: NodeHandle?
        if case .client? = requests[handle.nonce]?.waiter, event.upcall == .reply {
            responder = event.origin
        } else {
            let path = ReversePath(origin: handle.origin, nonce: handle.nonce)
            if let request = served[path] {
                hops = request.hops
                fuel = event.replyHandle == handle ? request.fuel : fuel &+ request.fuel
            }
            if isLast { served.remove(path) }
        }
        reply(
            to: handle,
            status: status,
            payload: payload,
            isLast: isLast,
            budget: 0,
            hops: hops,
            fuel: fuel,
            responder: responder,
            by: application
        )
    }

    /// Part of an answer; one with more to come ends with RATE where `application` has no room left
    /// for its place in the sequence.
    mutating func reply(
        to handle: ReplyHandle,
        status: Int64,
        payload: [UInt8],
        isLast: Bool,
        budget: UInt64,
        hops: UInt8,
        fuel: UInt64,
        responder: NodeHandle? = nil,
        by application: ApplicationID? = nil
    ) {
        let path = ReversePath(origin: handle.origin, nonce: handle.nonce)
        let sequence = replySequences[path] ?? 0
        let hasRoom =
            isLast
            || replySequences.insert(
                path,
                sequence &+ 1,
                for: RoomHolder(application: application),
                until: now.instant + configuration.messageTimeLimit,
                at: now.instant
            )
        if isLast { replySequences.remove(path) }
        passOn(
            ReplyMessage(
                handle: handle,
                status: hasRoom ? status : HostError.rate.rawValue,
                isLast: isLast || !hasRoom,
                sequence: sequence,
                budget: budget,
                responder: responder ?? self.handle,
                requestHops: hops,
                fuelSpent: fuel,
                payload: hasRoom ? payload : []
            )
        )
    }

    /// From another node, or back from the transport, which could not hand it to `lost`.
    mutating func arrive(_ reply: ReplyMessage, avoiding lost: Identifier? = nil) {
        ledger.receive(reply.budget)
        guard reply.timeToLive > 0 else { return ledger.burn(reply.budget) }
        var reply = reply
        reply.timeToLive -= 1
        if reply.budget > configuration.ingressBudgetLimit {
            ledger.burn(reply.budget - configuration.ingressBudgetLimit)
            reply.budget = configuration.ingressBudgetLimit
        }
        passOn(reply, avoiding: lost)
    }

    private mutating func passOn(_ reply: ReplyMessage, avoiding lost: Identifier? = nil) {
        if reply.handle.origin == handle.id { return receive(answer: reply) }
        guard let next = wayBack(of: reply, avoiding: lost) else {
            return ledger.burn(reply.budget)
        }
        ledger.send(reply.budget)
        send(.reply, reply, to: next)
    }

    /// Over an open connection: to the origin, else to where the request came from.
    func openWayBack(_ path: ReversePath) -> NodeHandle? {
        if let peer = connected[path.origin] { return peer }
        guard let previous = reversePaths[path], connected[previous.id] != nil else { return nil }
        return previous
    }

    private func wayBack(of reply: ReplyMessage, avoiding lost: Identifier?) -> NodeHandle? {
        let path = ReversePath(origin: reply.handle.origin, nonce: reply.handle.nonce)
        if let peer = openWayBack(path) { return peer }
        guard
            case .forward(let next) = chord.nextHop(
                toward: reply.handle.origin,
                avoiding: { $0 == lost }
            )
        else { return nil }
        return next
    }
}
