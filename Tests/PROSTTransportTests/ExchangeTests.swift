internal import Cryptography
internal import KBR
internal import NIOCore
internal import PROSTTransport
internal import Testing
internal import Wire

@Suite struct `Two nodes` {
    @Test func `exchange frames after a dial on demand`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        let body = Array("hello".utf8)
        #expect(try await a.send(Frame(kind: 10, body: body), to: b.handle) == .queued)
        try await a.wait(for: "echo") { $0.frames(ofKind: 11).count == 1 }
        #expect(try await a.events.frames(ofKind: 11) == [Frame(kind: 11, body: body)])
        #expect(try await a.events.ups == [b.id])
        #expect(try await b.events.ups == [a.id])
        try await a.shutdown()
        try await b.wait(for: "goodbye") { !$0.downs.isEmpty }
        guard case .goodbye(let goodbye) = try await b.events.downs.first else {
            Issue.record("no goodbye: \(try await b.events.downs)")
            return
        }
        #expect(goodbye.reason == .leaving)
        try await b.shutdown()
    }

    @Test func `keep the order of many frames of every size`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        let sizes = (0..<3000).map { $0 % 50 == 0 ? 20_000 : $0 % 300 }
        for (index, size) in sizes.enumerated() {
            var body = [UInt8](repeating: UInt8(size % 251), count: size)
            body += [UInt8(index >> 8), UInt8(index & 255)]
            let frame = Frame(kind: 12, body: body)
            if try await a.send(frame, to: b.handle) != .queued {
                // The queue is bounded: go on once everything so far has arrived.
                try await b.wait(for: "room") { $0.frames(ofKind: 12).count == index }
                #expect(try await a.send(frame, to: b.handle) == .queued)
            }
        }
        try await b.wait(for: "all frames") { $0.frames(ofKind: 12).count == sizes.count }
        let received = try await b.events.frames(ofKind: 12)
        for (index, frame) in received.enumerated() {
            let size = sizes[index]
            try #require(frame.body.count == size + 2)
            try #require(frame.body.suffix(2) == [UInt8(index >> 8), UInt8(index & 255)])
            try #require(frame.body.dropLast(2).allSatisfy { $0 == UInt8(size % 251) })
        }
        #expect(try await b.statistics.framesReceived == UInt64(sizes.count + 1))
        try await a.shutdown()
        try await b.shutdown()
    }

    @Test func `pass a frame of the largest size and refuse a larger one`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        let largest = Frame(kind: 12, body: [UInt8](repeating: 7, count: WireLimits.frame))
        #expect(try await a.send(largest, to: b.handle, .bulk) == .queued)
        try await b.wait(for: "the frame") { $0.frames(ofKind: 12).count == 1 }
        #expect(try await b.events.frames(ofKind: 12).first == largest)
        let larger = Frame(kind: 12, body: [UInt8](repeating: 7, count: WireLimits.frame + 1))
        #expect(try await a.send(larger, to: b.handle) == .refused(.invalidFrame))
        let reserved = Frame(kind: 4, body: [])
        #expect(try await a.send(reserved, to: b.handle) == .refused(.invalidFrame))
        #expect(
            try await a.send(Frame(kind: 10, body: []), to: a.handle) == .refused(.invalidFrame)
        )
        try await a.shutdown()
        try await b.shutdown()
    }

    @Test func `that dial each other at once keep one connection and lose nothing`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        let rounds = 200
        async let fromA: Void = Self.sendMany(rounds, from: a, to: b)
        async let fromB: Void = Self.sendMany(rounds, from: b, to: a)
        _ = try await (fromA, fromB)
        try await a.wait(for: "frames") { $0.frames(ofKind: 12).count == rounds }
        try await b.wait(for: "frames") { $0.frames(ofKind: 12).count == rounds }
        for node in [a, b] {
            let numbers = try await node.events.frames(ofKind: 12).map { $0.body[0] }.sorted()
            #expect(numbers == (0..<rounds).map { UInt8($0) })
            #expect(try await node.events.undeliverable.isEmpty)
            #expect(try await node.events.downs.isEmpty)
            #expect(try await node.events.ups.count == 1)
        }
        try await a.shutdown()
        try await b.shutdown()
    }

    private static func sendMany(_ count: Int, from: TestNode, to: TestNode) async throws {
        for number in 0..<count {
            let frame = Frame(kind: 12, body: [UInt8(number)])
            #expect(try await from.send(frame, to: to.handle) == .queued)
        }
    }

    @Test func `learn each other's identifier when only the address was known`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        let peer = try await a.connect(b)
        #expect(peer.node == b.handle)
        #expect(peer.publicKey == b.key.publicKey.raw)
        #expect(peer.protocolVersion == 1)
        try await a.shutdown()
        try await b.shutdown()
    }

    @Test func `find each other by host name`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        #expect(try await a.connect(b, expecting: b.id, host: "localhost").id == b.id)
        try await a.shutdown()
        try await b.shutdown()
    }
}
