internal import KBR
internal import NIOCore
internal import PROSTTransport
internal import Testing
internal import Wire

private func id(_ number: UInt64) -> Identifier { Identifier(words: (number, 0, 0, 0)) }

private func at(_ seconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(seconds) }

private func address(_ last: UInt8) -> AddressGroup {
    AddressGroup(Endpoint(10, 0, 0, last, port: 1))
}

@Suite struct `A connection's clock` {
    private let limits = ConnectionTimeLimits()

    @Test func `ends a handshake after five seconds`() {
        var clock = ConnectionClock(openedAt: at(100))
        clock.received(completed: false, isPartial: true, at: at(104))
        #expect(clock.expired(at: at(104), limits: limits) == nil)
        #expect(clock.expired(at: at(105), limits: limits) == .handshake)
        clock.accepted(at: at(104))
        clock.received(completed: true, isPartial: false, at: at(104))
        #expect(clock.expired(at: at(106), limits: limits) == nil)
    }

    @Test func `gives a frame ten seconds however its bytes drip`() {
        var clock = ConnectionClock(openedAt: at(0))
        clock.accepted(at: at(1))
        for second in 2..<12 {
            clock.received(completed: false, isPartial: true, at: at(Int64(second)))
        }
        #expect(clock.expired(at: at(11), limits: limits) == nil)
        #expect(clock.expired(at: at(12), limits: limits) == .frame)
        clock.received(completed: true, isPartial: true, at: at(12))
        #expect(clock.expired(at: at(13), limits: limits) == nil)
        #expect(clock.expired(at: at(22), limits: limits) == .frame)
    }

    @Test func `counts a write from its last progress`() {
        var clock = ConnectionClock(openedAt: at(0))
        clock.accepted(at: at(0))
        clock.writeStarted(at: at(10))
        clock.writeStarted(at: at(15))
        #expect(clock.expired(at: at(20), limits: limits) == .write)
        clock.writeProgressed(isMore: true, at: at(19))
        #expect(clock.expired(at: at(28), limits: limits) == nil)
        #expect(clock.expired(at: at(29), limits: limits) == .write)
        clock.writeProgressed(isMore: false, at: at(29))
        #expect(clock.expired(at: at(60), limits: limits) == nil)
        #expect(clock.expired(at: at(29 + 300), limits: limits) == .idle)
    }

    @Test func `bounds the goodbye`() {
        var clock = ConnectionClock(openedAt: at(0))
        clock.accepted(at: at(0))
        clock.draining(at: at(1))
        clock.draining(at: at(4))
        #expect(clock.expired(at: at(5), limits: limits) == nil)
        #expect(clock.expired(at: at(6), limits: limits) == .goodbye)
    }
}

@Suite struct `Connection slots` {
    @Test func `hold 16 unauthenticated connections of one address and 64 of all`() {
        var slots = ConnectionSlots(limits: ConnectionLimits())
        for number in 0..<16 { #expect(slots.arrive(UInt64(number), from: address(1)) == .admit) }
        #expect(slots.arrive(16, from: address(1)) == .refuse)
        for number in 16..<64 {
            #expect(slots.arrive(UInt64(number), from: address(UInt8(number))) == .admit)
        }
        #expect(slots.unauthenticatedCount == 64)
        // The flooder's oldest gives way to a newcomer, but not to the flooder itself.
        #expect(slots.arrive(64, from: address(200)) == .replacing(0))
        #expect(slots.arrive(65, from: address(1)) == .refuse)
    }

    @Test func `take the oldest of many silent addresses for one that holds none`() {
        var slots = ConnectionSlots(limits: ConnectionLimits())
        for number in 0..<64 {
            #expect(slots.arrive(UInt64(number), from: address(UInt8(number))) == .admit)
        }
        #expect(slots.arrive(64, from: address(9)) == .refuse)
        #expect(slots.arrive(64, from: address(100)) == .replacing(0))
        slots.release(0)
        #expect(slots.arrive(65, from: address(101)) == .replacing(1))
        slots.release(1)
        slots.release(5)
        #expect(slots.arrive(66, from: address(102)) == .admit)
    }

    @Test func `count an IPv6 network of 64 bits as one address`() {
        let one = AddressGroup(Endpoint(address: (7, 1), port: 1))
        #expect(one == AddressGroup(Endpoint(address: (7, 2), port: 9)))
        #expect(one != AddressGroup(Endpoint(address: (8, 1), port: 1)))
        #expect(address(1) != address(2))
    }

    @Test func `keep neighbours' slots free of strangers`() {
        var slots = ConnectionSlots(limits: ConnectionLimits())
        var number: UInt64 = 0
        func enter(_ peer: UInt64, neighbours: Set<Identifier> = []) -> ConnectionSlots.Verdict {
            number += 1
            #expect(slots.arrive(number, from: address(1)) == .admit)
            let verdict = slots.authenticate(
                number,
                as: id(peer),
                neighbours: neighbours,
                lastActivity: { _ in at(0) }
            )
            if verdict == .refuse { slots.release(number) }
            return verdict
        }
        for peer in 0..<128 { #expect(enter(UInt64(peer)) == .admit) }
        #expect(enter(1000) == .refuse)
        let neighbours = Set((2000..<2064).map { id($0) })
        for peer in 2000..<2064 {
            #expect(enter(UInt64(peer), neighbours: neighbours) == .admit)
        }
        #expect(enter(1001, neighbours: neighbours) == .refuse)
        #expect(slots.count == 192)
    }

    @Test func `hold four connections with one peer`() {
        var slots = ConnectionSlots(limits: ConnectionLimits())
        for number in 0..<5 {
            #expect(slots.arrive(UInt64(number), from: address(1)) == .admit)
            let verdict = slots.authenticate(
                UInt64(number),
                as: id(7),
                neighbours: [id(7)],
                lastActivity: { _ in nil }
            )
            #expect(verdict == (number < 4 ? .admit : .refuse))
        }
    }

    @Test func `let a dial replace the quietest stranger`() {
        var limits = ConnectionLimits()
        limits.total = 6
        limits.unauthenticated = 2
        limits.reservedForNeighbours = 2
        var slots = ConnectionSlots(limits: limits)
        let activity: [UInt64: NIODeadline] = [1: at(50), 2: at(10)]
        for number in [1, 2] as [UInt64] {
            #expect(slots.dial(number) == true)
            let verdict = slots.authenticate(
                number,
                as: id(number),
                neighbours: [],
                lastActivity: { activity[$0] }
            )
            #expect(verdict == .admit)
        }
        #expect(slots.dial(3) == true)
        let verdict = slots.authenticate(
            3,
            as: id(3),
            neighbours: [],
            lastActivity: { activity[$0] }
        )
        #expect(verdict == .replacing(2))
    }
}

@Suite struct `An outbound queue` {
    private func frame(_ size: Int, _ tag: UInt8 = 0) -> Frame {
        Frame(kind: 10, body: [UInt8](repeating: tag, count: size - 5))
    }

    @Test func `is bounded and keeps room for control`() {
        var queue = OutboundQueue(limit: 1000)
        for _ in 0..<7 { #expect(queue.append(frame(100), .bulk) == true) }
        #expect(queue.append(frame(100), .bulk) == false)
        for _ in 0..<3 { #expect(queue.append(frame(100), .control) == true) }
        #expect(queue.append(frame(100), .control) == false)
        #expect(queue.byteCount == 1000)
    }

    @Test func `takes any frame when empty`() {
        var queue = OutboundQueue(limit: 100)
        #expect(queue.append(frame(5000), .bulk) == true)
        #expect(queue.append(frame(5), .control) == false)
    }

    @Test func `gives control first, each in order, and at least one frame`() {
        var queue = OutboundQueue(limit: 10_000)
        for tag in 1...3 { #expect(queue.append(frame(100, UInt8(tag)), .bulk) == true) }
        for tag in 4...6 { #expect(queue.append(frame(100, UInt8(tag)), .control) == true) }
        #expect(queue.nextBatch(byteLimit: 350).map { $0.body[0] } == [4, 5, 6, 1])
        #expect(queue.nextBatch(byteLimit: 1).map { $0.body[0] } == [2])
        #expect(queue.byteCount == 100)
        #expect(queue.removeAll().map { $0.body[0] } == [3])
        #expect(queue.isEmpty && queue.byteCount == 0)
    }
}

@Suite struct `A back-off` {
    @Test func `doubles with jitter up to ten seconds`() throws {
        var random = SystemRandomNumberGenerator()
        var backoff = DialBackoff()
        #expect(backoff.allows(at: at(0)))
        for failure in 0..<100 {
            backoff.failed(at: at(1000), using: &random)
            let step = failure < 7 ? Int64(100 << failure) : 10_000
            let delay = try #require(backoff.notBefore) - at(1000)
            #expect(delay >= .milliseconds(step / 2) && delay <= .milliseconds(step))
            #expect(!backoff.allows(at: at(1000)))
            #expect(backoff.allows(at: at(1010)))
        }
    }
}

@Suite struct `A count of TLS records` {
    @Test(arguments: [1, 2, 3, 5, 7, 64, 1000])
    func `does not depend on how the stream is cut`(size: Int) {
        var stream: [UInt8] = []
        for length in [0, 1, 2, 300, 0, 16_640, 5] {
            stream += [0x17, 3, 3, UInt8(length >> 8), UInt8(length & 255)]
            stream += [UInt8](repeating: 0x17, count: length)
        }
        var count = TLSRecordCount()
        for start in stride(from: 0, to: stream.count, by: size) {
            count.receive(stream[start..<min(start + size, stream.count)])
        }
        #expect(count.records == 7)
    }
}

@Suite struct `The connection that carries frames` {
    private func rank(_ number: UInt64, _ isPreferred: Bool, _ seconds: Int64) -> ConnectionRank {
        ConnectionRank(number: number, isPreferred: isPreferred, openedAt: at(seconds))
    }

    @Test func `is the same seen from both ends of a simultaneous dial`() {
        // Each end numbers the two in the order in which it saw them.
        let here = [rank(1, true, 0), rank(2, false, 1)]
        let there = [rank(1, false, 0), rank(2, true, 1)]
        #expect(ConnectionRank.primary(of: here) == 1)
        #expect(ConnectionRank.primary(of: there) == 2)
        #expect(ConnectionRank.primary(of: here.reversed()) == 1)
        #expect(ConnectionRank.primary(of: []) == nil)
    }

    @Test func `is the newest of those with the same dialler`() {
        let ranks = [rank(1, true, 0), rank(2, true, 1), rank(3, false, 2)]
        #expect(ConnectionRank.primary(of: ranks) == 2)
    }

    @Test func `is a new one when the old may be long dead`() {
        #expect(ConnectionRank.primary(of: [rank(1, true, 0), rank(2, false, 10)]) == 2)
        #expect(ConnectionRank.primary(of: [rank(1, true, 0), rank(2, false, 9)]) == 1)
    }
}
