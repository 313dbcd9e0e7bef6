import PROSTNode
import Testing
import Wire

@Suite struct RangeMessageTests {
    @Test func `the vectors have every kind of message`() {
        let kinds = Set(RangeMessageSamples.all.compactMap(\.message.wireBytes.first))
        #expect(kinds == Set(1...19))
        #expect(throws: WireError.self) {
            try RangeMessage(wireBytes: [17] + [UInt8](repeating: 0, count: 8), "message")
        }
    }

    @Test func `every message decodes to itself and no prefix of it decodes`() throws {
        for (_, message) in RangeMessageSamples.all {
            let bytes = message.wireBytes
            #expect(try RangeMessage(wireBytes: bytes, "message") == message)
            for length in 0..<bytes.count {
                #expect(throws: WireError.self) {
                    try RangeMessage(wireBytes: Array(bytes.prefix(length)), "message")
                }
            }
        }
    }

    @Test func `a changed bit is refused or decodes to what encodes the same`() {
        for (_, message) in RangeMessageSamples.all {
            let bytes = message.wireBytes
            for bit in 0..<bytes.count * 8 {
                var changed = bytes
                changed[bit / 8] ^= 1 << UInt8(bit % 8)
                guard let other = try? RangeMessage(wireBytes: changed, "message") else { continue }
                #expect(other.wireBytes == changed)
                #expect(other != message)
            }
        }
    }
}
