import Chord
import KBR
import SansIO

/// A member at place 100 of a ring, between 99 and 101, whose peers are the test.
struct LoneMember {
    typealias Sent = (message: ChordMessage, peer: NodeHandle)

    var node: ChordNode
    var now = Instant.zero

    static func handle(_ place: UInt64) -> NodeHandle {
        NodeHandle(
            id: Identifier(words: (place << 32, 0, 0, 0)),
            endpoint: Endpoint(10, 0, 0, 1, port: 4000)
        )
    }

    init(remembering peers: [NodeHandle] = []) {
        let configuration = ChordConfiguration(successorListLength: 3)
        node = ChordNode(self: Self.handle(100), configuration: configuration, seed: 1)
        var emit = EffectBuffer<ChordEffect>()
        if !peers.isEmpty {
            let record = RingRecord(contacts: peers)
            node.handle(.restore(record), at: now, emit: &emit)
        }
        let place = RingPlace(
            predecessors: [Self.handle(99), Self.handle(98)],
            successors: [Self.handle(101), Self.handle(102), Self.handle(103)],
            fingers: []
        )
        node.take(place, at: now, emit: &emit)
    }

    mutating func give(_ input: ChordInput) -> [Sent] {
        var emit = EffectBuffer<ChordEffect>()
        node.handle(input, at: now, emit: &emit)
        return emit.drain().compactMap { effect in
            if case .send(let message, let peer) = effect { (message, peer) } else { nil }
        }
    }

    /// Gives an answer to a question and returns what comes of it.
    mutating func answer(_ question: Sent, _ reply: (UInt64) -> ChordMessage) -> [Sent] {
        give(.message(reply(question.message.number), from: question.peer))
    }

    /// Lets time pass, questions unanswered, until a message of some kind is sent.
    mutating func wait(for matches: (ChordMessage) -> Bool) -> Sent? {
        for _ in 0..<1000 {
            guard let deadline = node.nextDeadline() else { return nil }
            now = max(deadline, now)
            if let sent = give(.wake).first(where: { matches($0.message) }) { return sent }
        }
        return nil
    }
}
