package import KBR
package import Wire

/// One connection's protocol without sockets: what may come when, and what to do then
/// (`Spec/wire.md` §4 and §5).
///
/// ```
/// securing ─TLS up→ greeting ─accepted→ open ─goodbye either way→ draining ─both said→ ended
///     └───────────────┴──────── anything out of turn ────────────────┴─────────────────┘
/// ```
package struct ConnectionStateMachine: Sendable {
    package enum Role: Hashable, Sendable {
        /// We dialled, this node if we know which.
        case dialler(expecting: Identifier?)
        case listener
    }

    package enum Action: Hashable, Sendable {
        /// Write this frame at once.
        case send(Frame)
        /// The peer is accepted: application frames may flow.
        case opened(PeerIdentity)
        /// An application frame from the peer.
        case deliver(Frame, PeerIdentity)
        /// Take no more frames; call `drained` when all that were taken are written.
        case drain
        /// Close; when `flushing`, what was sent goes out first.
        case end(ConnectionEnd, flushing: Bool)
    }

    private enum State: Hashable, Sendable {
        case securing
        case greeting(publicKey: [UInt8])
        case open(PeerIdentity)
        case draining(PeerIdentity, Drain)
        case ended(ConnectionEnd)
    }

    private struct Drain: Hashable, Sendable {
        var goodbye: Goodbye
        var isSent = false
        var received: Goodbye?
    }

    package let role: Role
    private let judge: HandshakeJudge
    private var state = State.securing

    package init(role: Role, judge: HandshakeJudge) {
        self.role = role
        self.judge = judge
    }

    package var peer: PeerIdentity? {
        switch state {
        case .open(let peer), .draining(let peer, _): peer
        case .securing, .greeting, .ended: nil
        }
    }

    package var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    package var isDraining: Bool {
        if case .draining = state { true } else { false }
    }

    package var end: ConnectionEnd? {
        if case .ended(let end) = state { end } else { nil }
    }

    // MARK: - Inputs

    /// TLS is up and the peer's certificate was checked: the key it proved.
    package mutating func secured(publicKey: [UInt8]) -> [Action] {
        guard case .securing = state else { return [] }
        state = .greeting(publicKey: publicKey)
        switch role {
        case .listener: return []
        case .dialler:
            return [.send(Frame(kind: TransportFrameKind.hello, body: judge.hello.wireBytes))]
        }
    }

    /// A whole frame.
    ///
    /// `admit` may refuse a peer that passed every check, for want of a slot.
    package mutating func received(
        _ frame: Frame,
        admit: (PeerIdentity) -> Refusal?
    ) -> [Action] {
        switch state {
        case .securing: return violation("a frame before TLS is up")
        case .greeting(let key): return greeted(frame, publicKey: key, admit: admit)
        case .open(let peer): return exchanged(frame, with: peer)
        case .draining(let peer, let drain): return draining(frame, peer, drain)
        case .ended: return []
        }
    }

    /// Bytes that are no frame.
    package mutating func malformed(_ error: WireError) -> [Action] {
        switch state {
        case .greeting: return refuse(Refusal(.malformed, error.description))
        case .securing, .open, .draining: return violation(error.description)
        case .ended: return []
        }
    }

    /// We want to close in order.
    package mutating func leave(_ goodbye: Goodbye) -> [Action] {
        switch state {
        case .securing: return finish(.closed(goodbye), flushing: false)
        case .greeting:
            guard case .listener = role else { return finish(.closed(goodbye), flushing: false) }
            return refuse(Refusal(.shuttingDown, goodbye.detail))
        case .open(let peer):
            state = .draining(peer, Drain(goodbye: goodbye))
            return [.drain]
        case .draining, .ended: return []
        }
    }

    /// Every frame taken before `drain` is written.
    package mutating func drained() -> [Action] {
        guard case .draining(let peer, var drain) = state, !drain.isSent else { return [] }
        drain.isSent = true
        state = .draining(peer, drain)
        let frame = Frame(kind: TransportFrameKind.goodbye, body: drain.goodbye.wireBytes)
        guard let received = drain.received else { return [.send(frame)] }
        return [.send(frame)] + finish(.goodbye(received), flushing: true)
    }

    /// A deadline passed.
    package mutating func timedOut(_ deadline: ConnectionEnd.Deadline) -> [Action] {
        switch (state, deadline) {
        case (.ended, _): []
        case (.open, .idle): leave(Goodbye(.idle, "nothing was sent for a while"))
        case (.draining(_, let drain), _):
            finish(drain.received.map { .goodbye($0) } ?? .closed(drain.goodbye), flushing: false)
        default: finish(.timeout(deadline), flushing: false)
        }
    }

    /// The peer, or something below, breaks the connection off.
    package mutating func broken(_ reason: ConnectionEnd) -> [Action] {
        switch state {
        case .ended: []
        case .draining(_, let drain):
            finish(drain.received.map { .goodbye($0) } ?? .closed(drain.goodbye), flushing: false)
        case .securing, .greeting, .open: finish(reason, flushing: false)
        }
    }

    // MARK: - Transitions

    private mutating func greeted(
        _ frame: Frame,
        publicKey: [UInt8],
        admit: (PeerIdentity) -> Refusal?
    ) -> [Action] {
        switch (role, frame.kind) {
        case (.listener, TransportFrameKind.hello):
            do throws(Refusal) {
                let peer = try judge.judgeHello(frame.body, publicKey: publicKey)
                if let refusal = admit(peer) { throw refusal }
                state = .open(peer)
                let acceptance = judge.acceptance(version: peer.protocolVersion)
                let body = acceptance.wireBytes
                return [.send(Frame(kind: TransportFrameKind.accept, body: body)), .opened(peer)]
            } catch {
                return refuse(error)
            }
        case (.dialler(let expected), TransportFrameKind.accept):
            do throws(Refusal) {
                let peer = try judge.judgeAcceptance(frame.body, publicKey: publicKey)
                if let expected, expected != peer.id {
                    return mismatch(expected: expected, found: peer.id)
                }
                if let refusal = admit(peer) { throw refusal }
                state = .open(peer)
                return [.opened(peer)]
            } catch {
                return refuse(error)
            }
        case (_, TransportFrameKind.refuse): return refused(frame)
        default:
            return refuse(
                Refusal(.unexpectedFrame, "kind \(frame.kind) before the peer is accepted")
            )
        }
    }

    private mutating func exchanged(_ frame: Frame, with peer: PeerIdentity) -> [Action] {
        switch frame.kind {
        case TransportFrameKind.goodbye:
            do {
                let goodbye = try Goodbye(wireBytes: frame.body, "goodbye")
                let answer = Goodbye(goodbye.reason, "as you wish")
                state = .draining(peer, Drain(goodbye: answer, received: goodbye))
                return [.drain]
            } catch {
                return violation(error.description)
            }
        case TransportFrameKind.refuse: return refused(frame)
        case TransportFrameKind.reserved:
            return violation("kind \(frame.kind) after the handshake")
        default: return [.deliver(frame, peer)]
        }
    }

    private mutating func draining(
        _ frame: Frame,
        _ peer: PeerIdentity,
        _ drain: Drain
    ) -> [Action] {
        guard drain.received == nil else { return violation("a frame after goodbye") }
        switch frame.kind {
        case TransportFrameKind.goodbye:
            guard let goodbye = try? Goodbye(wireBytes: frame.body, "goodbye") else {
                return violation("malformed goodbye")
            }
            if drain.isSent { return finish(.closed(drain.goodbye), flushing: true) }
            var drain = drain
            drain.received = goodbye
            state = .draining(peer, drain)
            return []
        case TransportFrameKind.reserved:
            return violation("kind \(frame.kind) after the handshake")
        default: return [.deliver(frame, peer)]
        }
    }

    private mutating func refused(_ frame: Frame) -> [Action] {
        do {
            let refusal = try Refusal(wireBytes: frame.body, "refusal")
            return finish(.refusedByPeer(refusal), flushing: false)
        } catch {
            return violation(error.description)
        }
    }

    private mutating func refuse(_ refusal: Refusal) -> [Action] {
        let frame = Frame(kind: TransportFrameKind.refuse, body: refusal.wireBytes)
        return [.send(frame)] + finish(.refused(refusal), flushing: true)
    }

    private mutating func mismatch(expected: Identifier, found: Identifier) -> [Action] {
        let text = "\(expected) was dialled, \(found) answered"
        let refusal = Refusal(.identity, text)
        let frame = Frame(kind: TransportFrameKind.refuse, body: refusal.wireBytes)
        return [.send(frame)] + finish(.identityMismatch(text), flushing: true)
    }

    private mutating func violation(_ what: String) -> [Action] {
        guard case .open = state else { return finish(.violation(what), flushing: false) }
        let goodbye = Goodbye(.violation, what)
        let frame = Frame(kind: TransportFrameKind.goodbye, body: goodbye.wireBytes)
        return [.send(frame)] + finish(.violation(what), flushing: true)
    }

    private mutating func finish(_ end: ConnectionEnd, flushing: Bool) -> [Action] {
        state = .ended(end)
        return [.end(end, flushing: flushing)]
    }
}
