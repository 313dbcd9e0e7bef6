internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletVM
internal import Testing

/// A shipped peerlet with a store and an inbox, as far as hello and counter need one.
private final class PeerletHost {
    let execution: Execution
    private(set) var replies: [(status: Int64, payload: [UInt8])] = []
    private var store: [[UInt8]: [UInt8]] = [:]

    init(_ path: String) throws {
        let built = try assemble(peerlet: path).image
        execution = try Execution(try #require(built))
        execution.host = { [unowned self] call, machine in answer(call, machine) }
    }

    private func answer(_ call: HostCall, _ machine: Machine) -> Int64 {
        func bytes(_ address: Int, _ count: Int) -> [UInt8] {
            let place = UInt64(bitPattern: machine.hostArgument(address))
            return machine.load(place, count: Int(machine.hostArgument(count))) ?? []
        }
        switch call {
        case .kbrReply:
            replies.append((machine.hostArgument(1), bytes(2, 3)))
            return 0
        case .storePut:
            store[bytes(0, 1)] = bytes(2, 3)
            return 1
        case .storeGet:
            guard let value = store[bytes(0, 1)] else { return HostError.notFound.rawValue }
            let room = Int(machine.hostArgument(4))
            _ = machine.store(Array(value.prefix(room)), at: UInt64(machine.hostArgument(3)))
            return Int64(value.count)
        default: return HostError.notSupported.rawValue
        }
    }

    /// Sends a request and returns its one answer.
    func request(
        _ upcall: String,
        _ payload: [UInt8],
        isRequest: Bool = true
    ) throws -> (status: Int64, payload: [UInt8])? {
        let layout = execution.machine.program.image.memory
        try #require(448 + payload.count <= Int(layout.inboxCapacity))
        var event = [UInt8](repeating: 0, count: 448)
        event[4] = isRequest ? 8 : 0
        event[20] = UInt8(payload.count & 255)
        event[21] = UInt8(payload.count >> 8)
        #expect(execution.machine.store(event + payload, at: UInt64(layout.inboxAddress)))
        replies = []
        #expect(try execution.call(upcall, Int64(layout.inboxAddress)) == .results([0]))
        #expect(replies.count == (isRequest ? 1 : 0))
        return replies.first
    }
}

@Suite struct PeerletRunTests {
    @Test(arguments: ["client", "deliver"])
    func `hello greets who asks`(upcall: String) throws {
        let host = try PeerletHost("hello/main.pasm")
        for (name, greeting) in [("", "world"), ("PROST", "PROST"), ("é", "é")] {
            let answer = try #require(try host.request(upcall, Array(name.utf8)))
            #expect(answer.status == 0)
            #expect(String(decoding: answer.payload, as: UTF8.self) == "hello, \(greeting)!")
        }
        let longest = [UInt8](repeating: 0x78, count: 256)
        let answer = try #require(try host.request(upcall, longest))
        #expect(answer.payload.count == 264)
        #expect(try host.request(upcall, [1], isRequest: false) == nil)
    }

    @Test func `counter counts and keeps the total`() throws {
        let host = try PeerletHost("counter/main.pasm")
        func total(_ amount: UInt64?) throws -> UInt64 {
            var payload: [UInt8] = []
            if let amount {
                payload = (0..<8).map { UInt8(truncatingIfNeeded: amount >> ($0 * 8)) }
            }
            let answer = try #require(try host.request("client", payload))
            #expect(answer.status == 0)
            #expect(answer.payload.count == 8)
            return answer.payload.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        #expect(try total(0) == 0)
        #expect(try total(nil) == 1)
        #expect(try total(41) == 42)
        #expect(try total(0) == 42)
        #expect(try total(1 << 63) == 1 << 63 + 42)
        // What would overflow, and what is no number, is refused and changes nothing.
        let tooMuch = [UInt8](repeating: 255, count: 8)
        #expect(try host.request("client", tooMuch)?.status == HostError.tooBig.rawValue)
        #expect(try host.request("client", [1, 2, 3])?.status == HostError.argument.rawValue)
        #expect(try host.request("deliver", tooMuch + [1])?.status == HostError.argument.rawValue)
        #expect(try total(0) == 1 << 63 + 42)
    }

    @Test func `the library's messages are bounded both ways`() throws {
        let result = assemble(
            """
            .prost 1
            include "std.inc"
            bss buffer[16]
            bss writer: Writer
            bss reader: Reader
            export proc write(n) -> 1
              writer_open(writer, span(buffer))
              for i in 0..n
                put_u32(writer, i + 1)
              end
              return writer_length(writer)
            end
            export proc read(n) -> 2
              reader_open(reader, buffer, n)
              let sum = get_u8(reader) + get_u16(reader) + get_u32(reader) + get_u64(reader)
              return sum, reader_done(reader)
            end
            export proc compare(a, b) -> 1
              store64(buffer, a)
              store64(buffer + 8, b)
              return (mem_equal(buffer, buffer + 8, 8) * 100
                + (mem_compare(buffer, buffer + 8, 8) < 0) * 10
                + mem_is_zero(buffer, 8))
            end
            export proc room(n) -> 2
              return allocate(n), allocate(8)
            end
            """,
            files: StandardLibrary.names.compactMap { name in
                StandardLibrary.text(of: name).map { SourceFile(path: name, text: $0) }
            }
        )
        let built = result.image
        let execution = try Execution(try #require(built, "\(render(result))"))
        #expect(try execution.call("write", 4) == .results([16]))
        #expect(try execution.call("write", 5) == .results([HostError.tooBig.rawValue]))
        // u8 1, u16 0, u32 0x200, u64 0x04_0000_0003_00 of 01 00 00 00 02 00 00 00 03 … 04 00 00.
        #expect(try execution.call("read", 15) == .results([4398046512385, 1]))
        for length in 0..<15 {
            guard case .results(let results) = try execution.call("read", Int64(length)) else {
                Issue.record("reading \(length) bytes trapped")
                continue
            }
            #expect(results[1] == 0)
        }
        #expect(try execution.call("compare", 5, 5) == .results([100]))
        #expect(try execution.call("compare", 0, 1) == .results([11]))
        #expect(try execution.call("compare", 2, 1) == .results([0]))
        guard case .results(let rooms) = try execution.call("room", 5000) else {
            Issue.record("allocation trapped")
            return
        }
        #expect(rooms[1] >= rooms[0] + 5000)
        #expect(try execution.call("room", 1 << 40) == .results([0, rooms[1] + 8]))
    }
}
