internal import Cryptography
internal import KBR
internal import NIOCore
internal import PROSTTransport
internal import Testing
internal import Wire

/// Behaviour of connections under load, loss and crowding.
@Suite struct `Connections` {
    @Test func `with a slow reader are bounded and given up while others are served`() async throws
    {
        var configuration = TransportConfiguration()
        configuration.time.write = .seconds(1)
        let node = try await TestNode.start(configuration: configuration)
        let key = try PrivateKey.generate()
        let slow = try await RawPeer.dial(node.endpoint, tls: try .good(key))
        await slow.send(BadPeer.helloBytes(key))
        #expect(try await slow.receive().kind == TransportFrameKind.accept)
        try await slow.channel.setOption(.autoRead, value: false).get()
        // Fill until the queue is full: the socket takes some, the queue 1 MiB and no more.
        let chunk = Frame(kind: 12, body: [UInt8](repeating: 1, count: 60_000))
        let target = BadPeer.handle(key)
        var sent = 0
        var result = try await node.send(chunk, to: target)
        while result == .queued {
            sent += 1
            result = try await node.send(chunk, to: target)
        }
        #expect(result == .refused(.queueFull))
        #expect(try await node.statistics.queuedBytes <= 1 << 20)
        #expect(sent < 1000)
        #expect(try await node.servesAGoodPeer())
        try await node.wait(for: "write time-out") { $0.downs.contains(.timeout(.write)) }
        // Everything that was not written comes back.
        #expect(try await !node.events.undeliverable.isEmpty)
        #expect(try await node.statistics.queuedBytes == 0)
        await slow.close()
        try await node.shutdown()
    }

    @Test func `carry control frames before bulk frames that waited longer`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        _ = try await a.connect(b)
        let target = b.handle
        try await a.run { state in
            for _ in 0..<12 {
                let bulk = Frame(kind: 30, body: [UInt8](repeating: 1, count: 60_000))
                #expect(state.transport.send(bulk, to: target, priority: .bulk) == .queued)
            }
            let control = Frame(kind: 31, body: [])
            #expect(state.transport.send(control, to: target, priority: .control) == .queued)
        }
        try await b.wait(for: "all") {
            $0.frames(ofKind: 30).count == 12 && $0.frames(ofKind: 31).count == 1
        }
        let kinds = try await b.events.compactMap { event -> UInt8? in
            if case .frame(let frame, _) = event { frame.kind } else { nil }
        }
        #expect(kinds.first == 31)
        try await a.shutdown()
        try await b.shutdown()
    }

    @Test func `from one address are limited before acceptance only`() async throws {
        var configuration = TransportConfiguration()
        configuration.limits.perAddress = 4
        let node = try await TestNode.start(configuration: configuration)
        var silent: [RawPeer] = []
        for _ in 0..<4 { silent.append(try await RawPeer.dial(node.endpoint, tls: nil)) }
        try await node.waitForConnections(4)
        let extra = try await RawPeer.dial(node.endpoint, tls: nil)
        try await extra.waitForClose()
        #expect(try await node.statistics.unauthenticated == 4)
        await silent.removeLast().close()
        try await node.waitForConnections(3)
        // Accepted ones do not count: six good peers come in through the one free slot.
        var good: [TestNode] = []
        for _ in 0..<6 {
            let peer = try await TestNode.start()
            #expect(try await peer.connect(node).id == node.id)
            good.append(peer)
        }
        #expect(try await node.statistics.peers == 6)
        for peer in silent { await peer.close() }
        for peer in good { try await peer.shutdown() }
        try await node.shutdown()
    }

    @Test func `of strangers are refused when full but neighbours find a slot`() async throws {
        var configuration = TransportConfiguration()
        configuration.limits.total = 12
        configuration.limits.unauthenticated = 8
        configuration.limits.reservedForNeighbours = 2
        let node = try await TestNode.start(configuration: configuration)
        let strangers = [try await TestNode.start(), try await TestNode.start()]
        for stranger in strangers { _ = try await stranger.connect(node) }
        let third = try await TestNode.start()
        let error = await #expect(throws: ConnectionEnd.self) { try await third.connect(node) }
        guard case .refusedByPeer(let refusal) = error else {
            Issue.record("unexpected end \(String(describing: error))")
            return
        }
        #expect(refusal.reason == .connectionLimit)
        let neighbour = third.handle
        try await node.run { $0.transport.setNeighbours([neighbour]) }
        // The node dials its neighbour by itself now.
        try await node.wait(for: "neighbour") { $0.ups.count == 3 }
        #expect(try await node.statistics.peers == 3)
        for peer in strangers + [third] { try await peer.shutdown() }
        try await node.shutdown()
    }

    @Test func `of one identifier are limited and the newest carries the frames`() async throws {
        let node = try await TestNode.start()
        let key = try PrivateKey.generate()
        var peers: [RawPeer] = []
        for _ in 0..<4 {
            let peer = try await RawPeer.dial(node.endpoint, tls: try .good(key))
            await peer.send(BadPeer.helloBytes(key))
            #expect(try await peer.receive().kind == TransportFrameKind.accept)
            peers.append(peer)
        }
        // Each of the first three was told that it is replaced, and has not answered yet.
        for peer in peers.dropLast() {
            let goodbye = try Goodbye(wireBytes: try await peer.receive().body, "goodbye")
            #expect(goodbye.reason == .replaced)
        }
        let fifth = try await RawPeer.dial(node.endpoint, tls: try .good(key))
        await fifth.send(BadPeer.helloBytes(key))
        let refusal = try Refusal(wireBytes: try await fifth.receive().body, "refusal")
        #expect(refusal.reason == .connectionLimit)
        let frame = Frame(kind: 12, body: [5])
        #expect(try await node.send(frame, to: BadPeer.handle(key)) == .queued)
        #expect(try await peers[3].receive() == frame)
        for peer in peers { await peer.close() }
        try await node.wait(for: "down") { $0.downs.count == 1 }
        try await node.shutdown()
    }

    @Test func `that cannot be made give their frames back and then back off`() async throws {
        let node = try await TestNode.start()
        let gone = try await TestNode.start()
        let target = gone.handle
        try await gone.shutdown()
        let outcome = try await node.run { state in
            NIOLoopBoundBox(SendOutcome.queued, eventLoop: state.transport.eventLoop)
        }
        try await node.run { state in
            state.reaction = { transport, event in
                if case .undeliverable(let frame, let node, _) = event {
                    outcome.value = transport.send(frame, to: node, priority: .control)
                }
            }
        }
        let frame = Frame(kind: 12, body: [1])
        #expect(try await node.send(frame, to: target) == .queued)
        try await node.wait(for: "undeliverable") { $0.undeliverable == [frame] }
        for case .undeliverable(_, let to, let end) in try await node.events {
            #expect(to == target)
            guard case .unreachable = end else {
                Issue.record("unexpected end \(end)")
                continue
            }
        }
        #expect(try await node.run { _ in outcome.value } == .refused(.backingOff))
        try await node.shutdown()
    }

    @Test func `with neighbours come back after a break`() async throws {
        let node = try await TestNode.start()
        let key = try PrivateKey.generate()
        let other = try await TestNode.start(key: key)
        let address = other.handle
        try await node.run { $0.transport.setNeighbours([address]) }
        try await node.wait(for: "up") { $0.ups.count == 1 }
        try await other.shutdown()
        try await node.wait(for: "down") { $0.downs.count == 1 }
        let again = try await TestNode.start(key: key, listening: address.endpoint)
        try await node.wait(for: "up again") { $0.ups.count == 2 }
        #expect(try await again.events.ups == [node.id])
        try await node.shutdown()
        try await again.shutdown()
    }

    @Test func `that break give back what the socket had not taken`() async throws {
        let node = try await TestNode.start()
        let key = try PrivateKey.generate()
        let peer = try await RawPeer.dial(node.endpoint, tls: try .good(key))
        await peer.send(BadPeer.helloBytes(key))
        #expect(try await peer.receive().kind == TransportFrameKind.accept)
        try await peer.channel.setOption(.autoRead, value: false).get()
        let target = BadPeer.handle(key)
        var sent = 0
        while sent < 1000 {
            let frame = Frame(
                kind: 12,
                body: [UInt8(sent >> 8), UInt8(sent & 255)]
                    + [UInt8](repeating: 0, count: 60_000)
            )
            guard try await node.send(frame, to: target) == .queued else { break }
            sent += 1
        }
        try await peer.channel.close(mode: .all).get()
        try await node.wait(for: "down") { !$0.downs.isEmpty }
        // The peer is not to be found again, so what waits comes back in the end.
        let last = sent - 1
        try await node.wait(for: "the last frame") { events in
            events.undeliverable.contains {
                $0.body.prefix(2) == [UInt8(last >> 8), UInt8(last & 255)]
            }
        }
        let numbers = try await node.events.undeliverable.map {
            Int($0.body[0]) << 8 | Int($0.body[1])
        }
        // An unbroken tail, in order and without repeats.
        #expect(numbers == Array((sent - numbers.count)..<sent))
        try await node.shutdown()
    }

    @Test func `are told when the node closes them`() async throws {
        let (a, b) = (try await TestNode.start(), try await TestNode.start())
        _ = try await a.connect(b)
        let id = b.id
        try await a.run { $0.transport.close(id, Goodbye(.leaving, "enough")) }
        try await a.wait(for: "down") { $0.downs == [.closed(Goodbye(.leaving, "enough"))] }
        try await b.wait(for: "down") { $0.downs == [.goodbye(Goodbye(.leaving, "enough"))] }
        try await a.shutdown()
        try await b.shutdown()
    }
}

extension TestNode {
    /// Waits until so many connections are held; asks again with each turn of the loop.
    func waitForConnections(_ count: Int) async throws {
        let deadline = NIODeadline.now() + patience
        while try await statistics.connections != count {
            guard NIODeadline.now() < deadline else {
                throw Overdue(description: "\(try await statistics.connections) connections")
            }
        }
    }
}
