internal import KBR
package import PeerletBytecode
internal import Wire

/// The block in which an upcall finds its event (`Spec/abi.md` §2).
package enum EventBlock {
    /// Bytes before the payload.
    package static let headerByteCount = 448

    /// Where the old and the new arc of an event stand.
    static let oldArcOffset = 128
    static let newArcOffset = 192

    private static let hasOldArc: UInt32 = 1 << 16
    private static let hasNewArc: UInt32 = 1 << 17

    /// Whether the upcall can be told of an event with so many bytes of payload; asked before a
    /// message is accepted, so that its sender hears TOOBIG.
    package static func fits(
        _ upcall: Upcall,
        payload: Int,
        in layout: ProgramImage.MemoryLayout
    ) -> Bool {
        guard isNeeded(by: upcall) else { return true }
        let room = Int(layout.inboxCapacity) - headerByteCount
        return payload >= 0 && payload <= room
    }

    /// The event as its upcall is told of it: a reply that does not fit comes without payload and
    /// with the status TOOBIG, a returned message without payload.
    static func fitted(_ event: UpcallEvent, in layout: ProgramImage.MemoryLayout) -> UpcallEvent {
        guard event.upcall == .reply || event.upcall == .undeliverable,
            !fits(event.upcall, payload: event.payload.count, in: layout)
        else { return event }
        var fitted = event
        fitted.payload = []
        if event.upcall == .reply { fitted.status = HostError.tooBig.rawValue }
        return fitted
    }

    static func isNeeded(by upcall: Upcall) -> Bool {
        switch upcall {
        case .initialize, .timer, .clientGone, .stop: false
        case .forward, .deliver, .reply, .undeliverable, .update, .client, .snapshot, .restore: true
        }
    }

    /// The block's bytes.
    package static func encode(
        _ event: UpcallEvent,
        wallMilliseconds: UInt64,
        epoch: UInt64
    )
        -> [UInt8]
    {
        var flags = event.flags.rawValue
        if event.oldRange != nil { flags |= hasOldArc }
        if event.newRange != nil { flags |= hasNewArc }
        var block: [UInt8] = []
        block.reserveCapacity(headerByteCount + event.payload.count)
        block += LittleEndian.bytes(UInt32(event.upcall.rawValue))
        block += LittleEndian.bytes(flags)
        block += LittleEndian.bytes(event.token)
        block += LittleEndian.bytes(event.type)
        block += LittleEndian.bytes(event.hops)
        block += LittleEndian.bytes(UInt32(clamping: event.payload.count))
        block += LittleEndian.bytes(wallMilliseconds)
        block += event.key.bytes
        block += bytes(of: event.origin)
        block += event.oldRange.map { $0.lower.bytes + $0.upper.bytes } ?? bytes(of: event.previous)
        block += event.newRange.map { $0.lower.bytes + $0.upper.bytes } ?? bytes(of: event.next)
        block += (event.sourceApplication?.identifier ?? .zero).bytes
        block += event.principal.bytes
        block += bytes(of: event.replyHandle)
        block += LittleEndian.bytes(event.client)
        block += LittleEndian.bytes(event.status)
        block += event.messageID.prefix(16)
        block += [UInt8](repeating: 0, count: 16 - min(16, event.messageID.count))
        block += LittleEndian.bytes(event.timer)
        block += LittleEndian.bytes(epoch)
        return block + event.payload
    }

    private static func bytes(of node: NodeHandle?) -> [UInt8] {
        guard let node else { return [UInt8](repeating: 0, count: NodeHandle.byteCount) }
        return node.wireBytes
    }

    private static func bytes(of handle: ReplyHandle?) -> [UInt8] {
        guard let handle else { return [UInt8](repeating: 0, count: ReplyHandle.byteCount) }
        return handle.wireBytes
    }
}
