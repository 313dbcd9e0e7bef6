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

    /// Makes the event what its upcall is told of it: a reply that does not fit comes without
    /// payload and with the status TOOBIG, a returned message without payload.
    static func fit(_ event: inout UpcallEvent, in layout: ProgramImage.MemoryLayout) {
        guard event.upcall == .reply || event.upcall == .undeliverable,
            !fits(event.upcall, payload: event.payload.count, in: layout)
        else { return }
        event.payload = []
        if event.upcall == .reply { event.status = HostError.tooBig.rawValue }
    }

    static func isNeeded(by upcall: Upcall) -> Bool {
        switch upcall {
        case .initialize, .timer, .clientGone, .stop: false
        case .forward, .deliver, .reply, .undeliverable, .update, .client, .snapshot, .restore: true
        }
    }

    /// The block's bytes: the header, then the payload; `block` has room for just these.
    static func write(
        _ event: borrowing UpcallEvent,
        wallMilliseconds: UInt64,
        epoch: UInt64,
        to block: inout MutableRawSpan
    ) {
        var flags = event.flags.rawValue
        if event.oldRange != nil { flags |= hasOldArc }
        if event.newRange != nil { flags |= hasNewArc }
        block.write(UInt32(event.upcall.rawValue), at: 0)
        block.write(flags, at: 4)
        block.write(event.token, at: 8)
        block.write(event.type, at: 16)
        block.write(event.hops, at: 18)
        block.write(UInt32(clamping: event.payload.count), at: 20)
        block.write(wallMilliseconds, at: 24)
        block.write(event.key, at: 32)
        block.write(event.origin, at: 64)
        block.write(event.oldRange, else: event.previous, at: oldArcOffset)
        block.write(event.newRange, else: event.next, at: newArcOffset)
        block.write(event.sourceApplication?.identifier ?? .zero, at: 256)
        block.write(event.principal, at: 288)
        block.write(event.replyHandle?.wireBytes ?? [], upTo: ReplyHandle.byteCount, at: 320)
        block.write(event.client, at: 400)
        block.write(event.status, at: 408)
        block.write(event.messageID, upTo: 16, at: 416)
        block.write(event.timer, at: 432)
        block.write(epoch, at: 440)
        block.write(event.payload, upTo: event.payload.count, at: headerByteCount)
    }
}

extension MutableRawSpan {
    @inline(__always)
    fileprivate mutating func write(
        _ value: some FixedWidthInteger & BitwiseCopyable,
        at offset: Int
    ) {
        storeBytes(of: value.littleEndian, toByteOffset: offset, as: type(of: value))
    }

    fileprivate mutating func write(_ identifier: Identifier, at offset: Int) {
        write(identifier.words.0.byteSwapped, at: offset)
        write(identifier.words.1.byteSwapped, at: offset + 8)
        write(identifier.words.2.byteSwapped, at: offset + 16)
        write(identifier.words.3.byteSwapped, at: offset + 24)
    }

    /// Zeros for nil.
    fileprivate mutating func write(_ node: NodeHandle?, at offset: Int) {
        let words = node?.words ?? InlineArray(repeating: 0)
        for index in words.indices { write(words[index].byteSwapped, at: offset + 8 * index) }
    }

    fileprivate mutating func write(
        _ arc: RingInterval?,
        else node: NodeHandle?,
        at offset: Int
    ) {
        guard let arc else { return write(node, at: offset) }
        write(arc.lower, at: offset)
        write(arc.upper, at: offset + Identifier.byteCount)
    }

    /// At most `count` bytes, and zeros up to that.
    fileprivate mutating func write(_ bytes: [UInt8], upTo count: Int, at offset: Int) {
        let used = min(bytes.count, count)
        unsafe withUnsafeMutableBytes { block in
            let place = unsafe UnsafeMutableRawBufferPointer(
                rebasing: block[offset..<offset + count]
            )
            unsafe bytes.withUnsafeBytes {
                unsafe place.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<used]))
            }
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: place[used...])
            _ = unsafe rest.initializeMemory(as: UInt8.self, repeating: 0)
        }
    }
}
