internal import Foundation
internal import KBR
internal import PROSTTransport
internal import Testing
internal import Wire

/// Handshake frames for other implementations (`Spec/wire.md` §4); `Scripts/vectors.sh` makes them.
private struct HandshakeVectors: Codable, Equatable {
    struct Accepted: Codable, Equatable {
        var comment: String
        /// Whole frame: length, kind, body.
        var frame: String
    }

    struct Refused: Codable, Equatable {
        var comment: String
        var kind: UInt8
        var body: String
        /// What is wrong with it, as this implementation words it.
        var error: String
    }

    var accepted: [Accepted]
    var refused: [Refused]

    static let url = URL(filePath: #filePath)
        .deletingLastPathComponent()
        .appending(path: "../../Spec/vectors/wire/handshake.json")
        .standardizedFileURL

    static func make() -> HandshakeVectors {
        let accepted: [(String, UInt8, [UInt8])] = [
            ("hello", 1, Samples.hello.wireBytes),
            ("hello with a join token and extensions", 1, Samples.fullHello.wireBytes),
            ("acceptance", 2, Samples.acceptance.wireBytes),
            ("refusal", 3, Refusal(.ringName, "this ring is \"demo\"").wireBytes),
            ("goodbye", 4, Goodbye(.leaving, "").wireBytes),
        ]
        return HandshakeVectors(
            accepted: accepted.map { comment, kind, body in
                Accepted(
                    comment: comment,
                    frame: Hexadecimal.text(RawPeer.bytes(Frame(kind: kind, body: body)))
                )
            },
            refused: Samples.malformed.map { comment, kind, body in
                Refused(
                    comment: comment,
                    kind: kind,
                    body: Hexadecimal.text(body),
                    error: Samples.error(kind, body) ?? "accepted"
                )
            }
        )
    }
}

private enum Samples {
    static let node = NodeHandle(
        id: Identifier(words: (0x0102_0304_0506_0708, 2, 3, 4)),
        endpoint: Endpoint(192, 0, 2, 1, port: 7400),
        index: 1,
        sequence: 9
    )

    static let ring = RingProfile(
        name: "demo",
        successorListLength: 3,
        replicaCount: 3,
        priceTable: 1,
        protocolVersions: 1...2
    )

    static let hello = Hello(profile: ring, node: node)

    static var fullHello: Hello {
        var hello = Hello(profile: ring, node: node, joinToken: [UInt8](repeating: 0xAB, count: 72))
        hello.extensions = [
            HandshakeExtension(type: 1, value: []),
            HandshakeExtension(type: 0x8000, value: [1, 2, 3]),
        ]
        return hello
    }

    static let acceptance = Acceptance(protocolVersion: 2, profile: ring, node: node)

    static var malformed: [(String, UInt8, [UInt8])] {
        let body = hello.wireBytes
        var reversed = fullHello
        reversed.extensions.reverse()
        var twice = fullHello
        twice.extensions[1].type = 1
        func changed(_ index: Int, _ value: UInt8) -> [UInt8] {
            var copy = body
            copy[index] = value
            return copy
        }
        return [
            ("empty hello", 1, []),
            ("hello cut short", 1, Array(body.dropLast())),
            ("hello with a byte too many", 1, body + [0]),
            ("lowest version above highest", 1, changed(1, 3)),
            ("ring name not UTF-8", 1, changed(5, 0xFF)),
            ("ring name with a control character", 1, changed(5, 0x1B)),
            ("ring name over the limit", 1, changed(4, 65)),
            ("empty ring name", 1, Array(body[..<4]) + [0] + Array(body[9...])),
            ("ring name length padded", 1, Array(body[..<4]) + [0x84, 0] + Array(body[5...])),
            ("handle padding not zero", 1, changed(body.count - 3, 1)),
            ("join token over the limit", 1, Array(body.dropLast(2)) + [0x81, 4]),
            ("nine extensions", 1, Array(body.dropLast()) + [9]),
            ("extensions out of order", 1, reversed.wireBytes),
            ("extension given twice", 1, twice.wireBytes),
            ("empty acceptance", 2, []),
            ("acceptance with a byte too many", 2, acceptance.wireBytes + [0]),
            ("refusal of unknown reason", 3, [14, 0]),
            ("refusal of reason zero", 3, [0, 0]),
            ("refusal with an escape sequence", 3, [3, 2, 0x1B, 0x5B]),
            ("goodbye of unknown reason", 4, [6, 0]),
            ("goodbye cut short", 4, [1, 1]),
        ]
    }

    /// Decodes a body of this kind; the bytes it encodes to again.
    static func decoded(_ kind: UInt8, _ body: [UInt8]) throws(WireError) -> [UInt8] {
        switch kind {
        case 1: try Hello(wireBytes: body, "hello").wireBytes
        case 2: try Acceptance(wireBytes: body, "acceptance").wireBytes
        case 3: try Refusal(wireBytes: body, "refusal").wireBytes
        default: try Goodbye(wireBytes: body, "goodbye").wireBytes
        }
    }

    static func error(_ kind: UInt8, _ body: [UInt8]) -> String? {
        do {
            _ = try decoded(kind, body)
            return nil
        } catch {
            return error.description
        }
    }
}

@Suite struct `Handshake frames` {
    @Test func `are those of the specification's vectors`() throws {
        let made = HandshakeVectors.make()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(made), as: UTF8.self) + "\n"
        if ProcessInfo.processInfo.environment["PROST_REWRITE"] == "1" {
            try text.write(to: HandshakeVectors.url, atomically: true, encoding: .utf8)
        }
        let stored = try String(contentsOf: HandshakeVectors.url, encoding: .utf8)
        #expect(stored == text)
        #expect(!made.refused.contains { $0.error == "accepted" })
    }

    @Test func `of the vectors decode to what they encode`() throws {
        let data = try Data(contentsOf: HandshakeVectors.url)
        for vector in try JSONDecoder().decode(HandshakeVectors.self, from: data).accepted {
            var parser = FrameParser(limit: WireLimits.handshakeFrame)
            parser.receive(try #require(Hexadecimal.bytes(vector.frame)))
            let frame = try #require(try parser.next())
            #expect(parser.pending == 0)
            #expect(try Samples.decoded(frame.kind, frame.body) == frame.body)
            // No prefix of a body is a body.
            for length in 0..<frame.body.count {
                #expect(Samples.error(frame.kind, Array(frame.body.prefix(length))) != nil)
            }
        }
    }

    @Test func `have one encoding each, whatever bytes are decoded`() throws {
        var random = SystemRandomNumberGenerator()
        let bodies: [(UInt8, [UInt8])] = [
            (1, Samples.fullHello.wireBytes), (2, Samples.acceptance.wireBytes),
            (3, Refusal(.identity, "text").wireBytes), (4, Goodbye(.idle, "text").wireBytes),
        ]
        var decodedCount = 0
        for _ in 0..<20_000 {
            for (kind, body) in bodies {
                var mutated = body
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let index = Int.random(in: 0..<mutated.count, using: &random)
                    mutated[index] = UInt8.random(in: 0...255, using: &random)
                }
                guard let again = try? Samples.decoded(kind, mutated) else { continue }
                decodedCount += 1
                try #require(again == mutated)
            }
        }
        #expect(decodedCount > 0)
    }

    @Test func `carry at most 255 bytes of detail without control characters`() throws {
        let long = Refusal(.malformed, String(repeating: "é\n", count: 200))
        let back = try Refusal(wireBytes: long.wireBytes, "refusal")
        #expect(back.detail.utf8.count <= 255 && back.detail.utf8.count > 250)
        #expect(!back.detail.contains("\n"))
    }
}
