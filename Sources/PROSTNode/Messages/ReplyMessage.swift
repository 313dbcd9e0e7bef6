package import KBR
package import PeerletRuntime
package import Wire

/// An answer on its way to the origin of a request (`Spec/wire.md` §9); the handle's origin and
/// nonce name the reverse path.
package struct ReplyMessage: Hashable, Sendable {
    package var handle: ReplyHandle
    package var status: Int64
    /// False: more chunks follow.
    package var isLast: Bool
    /// Counts the chunks of one answer from zero.
    package var sequence: UInt32
    package var timeToLive: UInt8 = RoutedMessage.initialTimeToLive
    /// Fuel that the request did not use, for the upcall that takes the answer.
    package var budget: UInt64
    package var responder: NodeHandle
    /// Hops the request had taken when it was answered.
    package var requestHops: UInt8
    /// Fuel spent on the request where it was answered.
    package var fuelSpent: UInt64
    package var payload: [UInt8]

    package init(
        handle: ReplyHandle,
        status: Int64,
        isLast: Bool,
        sequence: UInt32,
        budget: UInt64,
        responder: NodeHandle,
        requestHops: UInt8,
        fuelSpent: UInt64,
        payload: [UInt8]
    ) {
        self.handle = handle
        self.status = status
        self.isLast = isLast
        self.sequence = sequence
        self.budget = budget
        self.responder = responder
        self.requestHops = requestHops
        self.fuelSpent = fuelSpent
        self.payload = payload
    }
}

extension ReplyMessage: WireCodable {
    package var usualByteCount: Int { 192 + payload.count }

    package init(from reader: inout WireReader) throws(WireError) {
        handle = try ReplyHandle(from: &reader)
        status = Int64(bitPattern: try reader.u64("status"))
        let last = try reader.u8("last chunk")
        guard last <= 1 else { throw reader.error("last chunk", .notCanonical("0 or 1")) }
        isLast = last == 1
        sequence = try reader.u32("chunk number")
        timeToLive = try reader.u8("time to live")
        budget = try reader.u64("budget")
        responder = try NodeHandle(from: &reader)
        requestHops = try reader.u8("request hops")
        fuelSpent = try reader.u64("fuel spent")
        payload = try reader.prefixedBytes("payload", limit: WireLimits.payload)
    }

    package func encode(to writer: inout WireWriter) {
        handle.encode(to: &writer)
        writer.u64(UInt64(bitPattern: status))
        writer.u8(isLast ? 1 : 0)
        writer.u32(sequence)
        writer.u8(timeToLive)
        writer.u64(budget)
        responder.encode(to: &writer)
        writer.u8(requestHops)
        writer.u64(fuelSpent)
        writer.prefixedBytes(payload)
    }
}
