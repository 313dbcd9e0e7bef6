internal import Chord
internal import KBR
internal import PeerletBytecode
internal import PeerletRuntime
internal import SansIO

// Requests of this node: sent again with the same message id until the deadline, since only the
// reply proves delivery (`Spec/node.md` §3.4).
extension Node {
    /// Longest wait before a request is sent again.
    private static let longestRetry = TimeSpan.seconds(4)

    mutating func startRequest(
        _ message: RoutedMessage,
        hint: NodeHandle?,
        waiter: RequestWaiter,
        timeout: TimeSpan,
        budget: UInt64
    ) {
        guard let handle = message.replyHandle else { return ledger.burn(budget) }
        let replyFuel = BudgetRules.replyShare(of: budget)
        let firstTry = (budget - replyFuel) / 2
        requests.add(
            PendingRequest(
                waiter: waiter,
                handle: handle,
                deadline: now.instant + timeout,
                message: message,
                hint: hint,
                retryFuel: budget - replyFuel - firstTry,
                fuelUnderWay: firstTry,
                replyFuel: replyFuel
            )
        )
        timers.set(.requestDeadline(handle.nonce), at: now.instant + timeout)
        scheduleRetry(handle.nonce)
        var first = message
        first.budget = firstTry
        launch(first, hint: hint, for: handle.nonce)
    }

    private mutating func launch(_ message: RoutedMessage, hint: NodeHandle?, for nonce: UInt64) {
        // No room now: the retry comes with fuel of its own.
        guard !passages.isFull(for: message.holder(from: nil)) else {
            return ledger.burn(message.budget)
        }
        var sender: SenderReference?
        if case .instance(let id, let token) = requests[nonce]?.waiter {
            sender = SenderReference(instance: id, token: token)
        }
        let number = begin(
            Passage(
                message: message,
                previous: nil,
                arrived: now.instant,
                hint: hint,
                sender: sender
            )
        )
        requests.update(nonce) { $0.passage = number }
    }

    private mutating func scheduleRetry(_ nonce: UInt64) {
        guard let request = requests[nonce] else { return }
        let left = request.deadline.since(now.instant)
        let quarter = TimeSpan(nanoseconds: left.nanoseconds / 4)
        let base = min(max(quarter, .milliseconds(250)), Self.longestRetry)
        timers.set(.requestRetry(nonce), at: now.instant + random.jittered(base))
    }

    mutating func retryRequest(_ nonce: UInt64) {
        guard let request = requests[nonce], var message = request.message,
            request.retries < 15
        else { return }
        scheduleRetry(nonce)
        // A root that is busy is asked again by the passage: responsibility stays with it.
        if request.isDirected, let number = request.passage, let passage = passages[number],
            passage.busyRetries > 0, passage.message.rank == 0
        {
            return
        }
        // No room now: nobody's turn and no fuel is used up.
        guard !passages.isFull(for: message.holder(from: nil)) else { return }
        let fuel = request.retryFuel / 2
        requests.update(nonce) {
            $0.retries += 1
            $0.retryFuel -= fuel
            $0.fuelUnderWay += fuel
        }
        message.flags.insert(.resent)
        message.attempt = (request.retries + 1) << 4
        message.budget = fuel
        message.remaining = UInt32(
            clamping: request.deadline.since(now.instant).milliseconds
        )
        // The hint has had its chance, unless it is the very target.
        var hint = message.flags.contains(.direct) ? request.hint : nil
        if let turn = nextTurn(of: nonce) {
            hint = turn.node
            message.rank = turn.rank
        }
        launch(message, hint: hint, for: nonce)
        if requests[nonce]?.turns == nil { searchReplicas(for: nonce) }
    }

    /// Of the nodes found; after the last of them the next message is routed, and a new search
    /// begins.
    private mutating func nextTurn(of nonce: UInt64) -> ReplicaTurns.Turn? {
        guard let message = requests[nonce]?.message else { return nil }
        let standIns = standIns(for: message)
        let limit = configuration.replicas
        var turn: ReplicaTurns.Turn?
        requests.update(nonce) {
            turn = $0.turns?.next(limit: limit, standIns: standIns)
            $0.isDirected = turn != nil
            guard let turn else { return $0.turns = nil }
            if turn.rank > 0 { $0.standIns.append(turn.node.id) }
        }
        return turn
    }

    mutating func requestOverdue(_ nonce: UInt64) { answerRequest(nonce, status: .timeout) }

    /// Ends a request of this node with an error of the host.
    mutating func answerRequest(_ nonce: UInt64, status: HostError) {
        guard let request = endRequest(nonce) else { return }
        answer(
            request,
            status: status.rawValue,
            payload: [],
            isLast: true,
            fuel: request.fuelLeft,
            from: handle,
            hops: 0,
            spent: 0
        )
    }

    private mutating func endRequest(_ nonce: UInt64) -> PendingRequest? {
        timers.cancel(.requestDeadline(nonce))
        timers.cancel(.requestRetry(nonce))
        let request = requests.remove(nonce)
        if let request { endSearch(of: request) }
        return request
    }

    /// Forgets a request whose waiter is gone.
    mutating func dropRequest(_ nonce: UInt64) {
        guard let request = endRequest(nonce) else { return }
        ledger.burn(request.fuelLeft)
    }

    /// An answer to a request of this node has come home.
    mutating func receive(answer reply: ReplyMessage) {
        guard authority.isGenuine(reply.handle), let request = requests[reply.handle.nonce],
            request.handle == reply.handle, reply.sequence == request.nextSequence,
            request.responder == nil || request.responder == reply.responder.id
        else { return ledger.burn(reply.budget) }
        if reply.status == HostError.unsure.rawValue, reply.isLast,
            let place = request.standIns.firstIndex(of: reply.responder.id)
        {
            // Asked to stand in, it does not know itself to be of the key's replica set; asked
            // otherwise, its word counts.
            requests.update(reply.handle.nonce) { _ = $0.standIns.remove(at: place) }
            return ledger.burn(reply.budget)
        }
        if !reply.isLast, isFlooded(request.waiter) {
            ledger.burn(reply.budget)
            return answerRequest(reply.handle.nonce, status: .rate)
        }
        var fuel = reply.budget
        if reply.isLast {
            guard let ended = endRequest(reply.handle.nonce) else { return }
            fuel += ended.fuelLeft
        } else {
            requests.update(reply.handle.nonce) {
                $0.nextSequence &+= 1
                $0.responder = reply.responder.id
            }
            // It is on its way: no more retries.
            timers.cancel(.requestRetry(reply.handle.nonce))
        }
        answer(
            request,
            status: reply.status,
            payload: reply.payload,
            isLast: reply.isLast,
            fuel: fuel,
            from: reply.responder,
            hops: reply.requestHops,
            spent: reply.fuelSpent
        )
    }

    /// Whether an instance has no room for another part of an answer.
    private func isFlooded(_ waiter: RequestWaiter) -> Bool {
        guard case .instance(let id, _) = waiter, let record = instances[id],
            let hosted = applications[id.application]
        else { return false }
        return UInt64(record.mailbox.count) >= hosted.limits[.mailbox]
    }

    private mutating func answer(
        _ request: PendingRequest,
        status: Int64,
        payload: [UInt8],
        isLast: Bool,
        fuel: UInt64,
        from responder: NodeHandle,
        hops: UInt8,
        spent: UInt64
    ) {
        switch request.waiter {
        case .client(let client, let number):
            ledger.burn(fuel)
            respond(
                to: client,
                number: number,
                status: status,
                payload: payload,
                isLast: isLast,
                from: responder,
                hops: hops,
                spent: spent
            )
        case .instance(let id, let token):
            var event = UpcallEvent(.reply)
            event.flags = isLast ? [.reply] : [.reply, .more]
            event.token = token
            event.status = status
            event.origin = responder
            event.hops = UInt16(hops)
            event.payload = payload
            if let message = request.message {
                event.key = message.subject
                event.type = message.type
                event.messageID = message.id.bytes
            }
            if applications[id.application]?.fits(.reply, payload: payload.count) == false {
                event.status = HostError.tooBig.rawValue
                event.payload = []
            }
            var entry = MailboxEntry(event, .reply(nonce: request.handle.nonce), budget: fuel)
            entry.fuelElsewhere = spent
            postAlways(entry, to: id)
        }
    }
}

extension RequestWaiter {
    func isInstance(_ id: InstanceID) -> Bool {
        if case .instance(id, _) = self { true } else { false }
    }

    func isClient(_ client: UInt64) -> Bool {
        if case .client(client, _) = self { true } else { false }
    }
}
