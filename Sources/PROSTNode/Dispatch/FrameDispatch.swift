internal import Chord
internal import KBR
internal import SansIO
internal import Wire

// First stage: a frame's kind decides the protocol (`Spec/wire.md` §6).
extension Node {
    mutating func receive(_ frame: Frame, from peer: NodeHandle) {
        do {
            try dispatch(frame, from: peer)
        } catch {
            counters.malformedFrames &+= 1
            log(
                .warning,
                "frame.malformed",
                ["peer": "\(peer)", "kind": "\(frame.kind)", "error": "\(error)"]
            )
        }
    }

    private mutating func dispatch(_ frame: Frame, from peer: NodeHandle) throws(WireError) {
        guard let kind = FrameKind(rawValue: frame.kind) else {
            throw WireError(field: "frame kind", offset: 0, reason: .invalid("unknown"))
        }
        switch kind {
        case .chord:
            let message = try ChordMessage(wireBytes: frame.body, "chord message")
            chordInput(.message(message, from: peer))
        case .route:
            counters.messagesIn &+= 1
            arrive(try RoutedMessage(wireBytes: frame.body, "routed message"), from: peer)
        case .hopAcknowledgement:
            acknowledged(
                try HopAcknowledgement(wireBytes: frame.body, "acknowledgement"),
                by: peer
            )
        case .reply: arrive(try ReplyMessage(wireBytes: frame.body, "reply"))
        case .fetch: codeRequested(try CodeFetch(wireBytes: frame.body, "fetch"), by: peer)
        case .chunk:
            let chunk = try CodeChunk(wireBytes: frame.body, "chunk")
            let now = now
            withLoader { $0.receive(chunk, from: peer, at: now, &$1) }
        case .range: rangeMessage(try RangeFrame(wireBytes: frame.body, "range"), from: peer)
        case .fuelReturn: arrive(try FuelReturn(wireBytes: frame.body, "returned fuel"))
        case .offer: offered(try ApplicationOffer(wireBytes: frame.body, "offer"), by: peer)
        }
    }

    private mutating func codeRequested(_ fetch: CodeFetch, by peer: NodeHandle) {
        let now = now
        var answer: CodeChunk?
        withLoader { answer = $0.answer(fetch, at: now, &$1) }
        if let answer { send(.chunk, answer, to: peer, .bulk) }
    }

    /// The transport could not hand a frame over.
    ///
    /// What has a time-out of its own waits for it; messages and answers on their way are rerouted
    /// at once.
    mutating func undeliverable(_ frame: Frame, to peer: NodeHandle) {
        connected[peer.id] = nil
        chordInput(.peerFailed(peer.id, .refused))
        if FrameKind(rawValue: frame.kind) == .reply,
            let reply = try? ReplyMessage(wireBytes: frame.body, "reply")
        {
            return arrive(reply, avoiding: peer.id)
        }
        guard FrameKind(rawValue: frame.kind) == .route,
            let message = try? RoutedMessage(wireBytes: frame.body, "routed message"),
            let number = passages.number(
                of: HopKey(id: message.id, attempt: message.attempt),
                at: peer.id
            )
        else { return }
        timers.cancel(.acknowledgement(number))
        acknowledgementOverdue(number)
    }
}
