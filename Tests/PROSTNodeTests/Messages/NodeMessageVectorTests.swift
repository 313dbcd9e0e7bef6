import Foundation
import KBR
import PROSTNode
import Testing
import Wire

@Suite struct NodeMessageVectorTests {
    struct Vector: Codable, Equatable {
        var kind: UInt8
        var name: String
        var bytes: String
    }

    private static func vector(_ kind: UInt8, _ name: String, _ body: some WireCodable) -> Vector {
        Vector(kind: kind, name: name, bytes: Hexadecimal.text(body.wireBytes))
    }

    private static var vectors: [Vector] {
        typealias Samples = MessageSamples
        var all = Samples.routedMessages.map { vector(FrameKind.route.rawValue, $0.0, $0.1) }
        all += Samples.acknowledgements.map {
            vector(FrameKind.hopAcknowledgement.rawValue, $0.0, $0.1)
        }
        all += Samples.replies.map { vector(FrameKind.reply.rawValue, $0.0, $0.1) }
        all.append(
            vector(
                FrameKind.fetch.rawValue,
                "fetch",
                CodeFetch(digest: Samples.digest, offset: 65_536, length: 4096)
            )
        )
        for (name, status) in [
            ("chunk", CodeChunk.Status.found(total: 70_000, offset: 65_536, bytes: [1, 2, 3])),
            ("chunk, absent", .absent), ("chunk, busy", .busy),
        ] {
            let chunk = CodeChunk(digest: Samples.digest, status: status)
            all.append(vector(FrameKind.chunk.rawValue, name, chunk))
        }
        all += RangeMessageSamples.all.map { name, message in
            let frame = RangeFrame(
                application: Samples.application,
                code: Samples.code,
                message: message
            )
            return vector(FrameKind.range.rawValue, "range, \(name)", frame)
        }
        all.append(
            vector(
                FrameKind.offer.rawValue,
                "offer",
                ApplicationOffer(application: Samples.application, code: Samples.code)
            )
        )
        all.append(
            vector(
                FrameKind.fuelReturn.rawValue,
                "returned fuel",
                FuelReturn(origin: Samples.node(1).id, nonce: 77, timeToLive: 39, fuel: 220_000)
            )
        )
        all += Samples.requests.map { vector(ClientFrameKind.request.rawValue, $0.0, $0.1) }
        all.append(vector(ClientFrameKind.response.rawValue, "response", Samples.response))
        let push = ClientPush(application: Samples.application, type: 3, payload: [1, 2])
        all.append(vector(ClientFrameKind.push.rawValue, "push", push))
        return all
    }

    private static var file: URL {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Spec/vectors/wire/frames.json")
    }

    @Test func `frames have the bytes of the published vectors`() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let made = try encoder.encode(Self.vectors)
        if ProcessInfo.processInfo.environment["PROST_REWRITE"] == "1" {
            try FileManager.default.createDirectory(
                at: Self.file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try made.write(to: Self.file, options: .atomic)
        }
        let stored = try Data(contentsOf: Self.file)
        #expect(stored == made, "Scripts/vectors.sh makes the file anew")
        let published = try JSONDecoder().decode([Vector].self, from: stored)
        #expect(published == Self.vectors)
    }

    /// Decodes a body as its kind says and encodes it again.
    private static func again(_ kind: UInt8, _ body: [UInt8]) throws(WireError) -> [UInt8] {
        if let kind = ClientFrameKind(rawValue: kind) {
            return switch kind {
            case .request: try ClientRequest(wireBytes: body, "request").wireBytes
            case .response: try ClientResponse(wireBytes: body, "response").wireBytes
            case .push: try ClientPush(wireBytes: body, "push").wireBytes
            }
        }
        return switch FrameKind(rawValue: kind) {
        case .route: try RoutedMessage(wireBytes: body, "message").wireBytes
        case .hopAcknowledgement: try HopAcknowledgement(wireBytes: body, "ack").wireBytes
        case .reply: try ReplyMessage(wireBytes: body, "reply").wireBytes
        case .fetch: try CodeFetch(wireBytes: body, "fetch").wireBytes
        case .chunk: try CodeChunk(wireBytes: body, "chunk").wireBytes
        case .range: try RangeFrame(wireBytes: body, "range").wireBytes
        case .offer: try ApplicationOffer(wireBytes: body, "offer").wireBytes
        case .fuelReturn: try FuelReturn(wireBytes: body, "returned fuel").wireBytes
        case .chord, nil: []
        }
    }

    @Test func `a frame that is decoded and encoded again is the same`() throws {
        for vector in Self.vectors {
            let body = try #require(Hexadecimal.bytes(vector.bytes))
            #expect(try Self.again(vector.kind, body) == body, "\(vector.name)")
        }
    }

    @Test func `a frame that ends early is refused at every length`() throws {
        for vector in Self.vectors {
            let body = try #require(Hexadecimal.bytes(vector.bytes))
            for length in 0..<body.count {
                #expect(throws: WireError.self, "\(vector.name) cut to \(length)") {
                    try Self.again(vector.kind, Array(body.prefix(length)))
                }
            }
        }
    }

    @Test func `a frame with bytes after its end is refused`() throws {
        for vector in Self.vectors {
            let body = try #require(Hexadecimal.bytes(vector.bytes))
            #expect(throws: WireError.self, "\(vector.name)") {
                try Self.again(vector.kind, body + [0])
            }
        }
    }

    /// Whatever one byte becomes: an error, or a value that is encoded as it was read.
    @Test func `a frame with one changed byte is refused or means what it says`() throws {
        for vector in Self.vectors {
            let body = try #require(Hexadecimal.bytes(vector.bytes))
            for index in body.indices {
                for change in [UInt8(1), 0x80, 0xFF] {
                    var changed = body
                    changed[index] ^= change
                    guard let encoded = try? Self.again(vector.kind, changed) else { continue }
                    #expect(
                        encoded == changed || Self.isSkippedExtension(vector),
                        "\(vector.name), byte \(index)"
                    )
                }
            }
        }
    }

    /// An extension whose type was changed to an unknown one is skipped and not passed on.
    private static func isSkippedExtension(_ vector: Vector) -> Bool {
        vector.kind == FrameKind.route.rawValue
    }

    @Test func `a request without a reply handle, and a handle without a request, are refused`() {
        var message = MessageSamples.routed()
        message.flags = [.request]
        #expect(throws: WireError.self) {
            try RoutedMessage(wireBytes: message.wireBytes, "message")
        }
        message.flags = []
        message.replyHandle = MessageSamples.handle
        #expect(throws: WireError.self) {
            try RoutedMessage(wireBytes: message.wireBytes, "message")
        }
    }

    @Test func `a document that is nested too deeply is refused`() {
        var document = Document.list([])
        for _ in 0..<20 { document = .list([document]) }
        let response = ClientResponse(number: 1, status: .done, document: document)
        #expect(throws: WireError.self) {
            try ClientResponse(wireBytes: response.wireBytes, "response")
        }
    }

    @Test func `an unknown extension is skipped and not passed on`() throws {
        var bytes = MessageSamples.routed().wireBytes
        #expect(bytes.removeLast() == 0)
        let message = try RoutedMessage(wireBytes: bytes + [1, 99, 3, 1, 2, 3], "message")
        #expect(message == MessageSamples.routed())
    }
}
