import Chord
import Foundation
import KBR
import SansIO
import Testing
import Wire

@Suite struct ChordMessageTests {
    static func node(_ number: UInt64) -> NodeHandle {
        NodeHandle(
            id: Identifier(words: (number, 0, 0, number)),
            endpoint: Endpoint(127, 0, 0, 1, port: 4000),
            sequence: number
        )
    }

    /// One message of each kind and variant, by the name its vector has.
    static var samples: [(String, ChordMessage)] {
        let roster = Roster(term: 1, version: 2, isFormed: false, members: [node(1), node(2)])
        let formed = Roster(term: 2, version: 300, isFormed: true, members: [node(1)])
        return [
            ("ping", .ping(request: 1)),
            ("pong, member", .pong(request: 1, isMember: true)),
            ("pong, no member", .pong(request: 1, isMember: false)),
            ("busy", .busy(request: 128)),
            ("state query", .stateQuery(request: 3)),
            ("state reply, outside", .stateReply(request: 3, .outside)),
            ("state reply, forming", .stateReply(request: 3, .forming(roster))),
            (
                "state reply, formed",
                .stateReply(
                    request: 3,
                    .formed(predecessor: node(1), successors: [node(2), node(3)])
                )
            ),
            (
                "state reply, formed without predecessor",
                .stateReply(request: 3, .formed(predecessor: nil, successors: []))
            ),
            ("notify", .notify(predecessors: [node(9), node(8)])),
            ("lookup", .lookup(request: 4, target: node(5).id)),
            (
                "lookup reply",
                .lookupReply(request: 4, LookupReply(closer: [node(4)], successors: [node(6)]))
            ),
            ("members query", .membersQuery(request: 8, after: node(5).id)),
            ("members reply", .membersReply(request: 8, [node(6), node(7)])),
            ("members reply, nobody", .membersReply(request: 8, [])),
            ("admit", .admit(request: 5)),
            ("roster", .roster(request: 6, roster)),
            ("roster, formed", .roster(request: 6, formed)),
            (
                "leaving",
                .leaving(request: 7, predecessors: [node(1)], successors: [node(2), node(3)])
            ),
            ("acknowledge", .acknowledge(request: UInt64.max)),
        ]
    }

    struct Vector: Codable, Equatable {
        var name: String
        var bytes: String
    }

    static var vectorFile: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Spec/vectors/chord/messages.json")
    }

    @Test func `messages have the bytes of the published vectors`() throws {
        let vectors = Self.samples.map {
            Vector(name: $0.0, bytes: Hexadecimal.text($0.1.wireBytes))
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let made = try encoder.encode(vectors)
        if ProcessInfo.processInfo.environment["PROST_REWRITE"] == "1" {
            try made.write(to: Self.vectorFile, options: .atomic)
        }
        let stored = try Data(contentsOf: Self.vectorFile)
        #expect(stored == made, "Scripts/vectors.sh makes the file anew")
        let published = try JSONDecoder().decode([Vector].self, from: stored)
        #expect(published == vectors)
        for (vector, sample) in zip(published, Self.samples) {
            let bytes = try #require(Hexadecimal.bytes(vector.bytes))
            #expect(try ChordMessage(wireBytes: bytes, "message") == sample.1)
        }
    }

    @Test func `every cut message is refused`() {
        for (name, message) in Self.samples {
            let bytes = message.wireBytes
            for length in bytes.indices {
                #expect(throws: WireError.self, "\(name) cut to \(length)") {
                    try ChordMessage(wireBytes: Array(bytes[..<length]), "message")
                }
            }
            #expect(throws: WireError.self, "\(name) with a byte more") {
                try ChordMessage(wireBytes: bytes + [0], "message")
            }
        }
    }

    @Test func `what decodes encodes to the same bytes, whatever the bytes`() {
        var random = DeterministicRandom(seed: 1)
        let originals = Self.samples.map(\.1.wireBytes)
        var accepted = 0
        for _ in 0..<20_000 {
            var bytes = originals[Int(random.below(UInt64(originals.count)))]
            for _ in 0...random.below(3) {
                let place = Int(random.below(UInt64(bytes.count)))
                bytes[place] = UInt8(truncatingIfNeeded: random.next())
            }
            guard let message = try? ChordMessage(wireBytes: bytes, "message") else { continue }
            accepted += 1
            #expect(message.wireBytes == bytes)
        }
        #expect(accepted > 1000)
    }

    @Test func `lists over their limits and rosters that list a node twice are refused`() {
        let many = (1...17 as ClosedRange<UInt64>).map(Self.node)
        let page = (1...65 as ClosedRange<UInt64>).map(Self.node)
        let tooLong = [
            ChordMessage.notify(predecessors: many),
            .membersReply(request: 1, page),
            .lookupReply(request: 1, LookupReply(closer: Array(many.prefix(5)), successors: [])),
            .roster(
                request: 1,
                Roster(term: 1, version: 1, isFormed: false, members: many + [Self.node(18)])
            ),
            .roster(request: 1, Roster(term: 1, version: 1, isFormed: false, members: [])),
            .roster(
                request: 1,
                Roster(term: 1, version: .max, isFormed: false, members: [Self.node(1)])
            ),
            .roster(
                request: 1,
                Roster(
                    term: 1,
                    version: 1,
                    isFormed: false,
                    members: [Self.node(1), Self.node(1)]
                )
            ),
        ]
        for message in tooLong {
            #expect(throws: WireError.self) {
                try ChordMessage(wireBytes: message.wireBytes, "message")
            }
        }
    }

    @Test func `any decodable message in any state is survived`() throws {
        var network = try #require(VirtualNetwork.idealRing(of: 6, seed: 51))
        let joining = network.add(.join(contacts: [network.handle()]))
        let forming = network.add(.found)
        let outside = network.add(.restore(RingRecord(contacts: [])))
        var random = DeterministicRandom(seed: 52)
        let originals = Self.samples.map(\.1.wireBytes)
        for _ in 0..<5000 {
            var bytes = originals[Int(random.below(UInt64(originals.count)))]
            bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(truncatingIfNeeded: random.next())
            guard let message = try? ChordMessage(wireBytes: bytes, "message") else { continue }
            let target = [0, 1, joining, forming, outside][Int(random.below(5))]
            let sender =
                random.below(2) == 0 ? Self.node(random.below(12)) : network.contact(2)
            network.give(.message(message, from: sender), to: target)
            network.run(for: .milliseconds(random.below(20)))
        }
        // Unproved neighbours do not last: the honest ring repairs itself.
        for index in [joining, forming, outside] { network.crash(index) }
        network.run(for: .seconds(30))
        for index in 0..<6 {
            #expect(network.hosts[index].snapshot.successors.count <= 3)
        }
    }
}
