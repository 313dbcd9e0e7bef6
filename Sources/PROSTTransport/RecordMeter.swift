internal import NIOCore

/// Counts TLS records below TLS and breaks a connection off whose records bring nothing.
///
/// Key updates, empty records and one-byte records cost the receiver far more than the sender. A
/// peer that joins its frames needs one record per frame or per 4 KiB at most
/// (`Spec/wire.md` §5.5).
final class RecordMeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Records that the handshake, session tickets and rare key updates may take.
    static let allowance: UInt64 = 256

    private var count = TLSRecordCount()
    private var context: ChannelHandlerContext?
    private(set) var bytesReceived: UInt64 = 0
    /// What the records have brought, kept by the connection above.
    var framesReceived: UInt64 = 0
    var plaintextReceived: UInt64 = 0

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        bytesReceived += UInt64(buffer.readableBytes)
        count.receive(buffer.readableBytesView)
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if count.records > Self.allowance + framesReceived + plaintextReceived / 4096 {
            context.fireErrorCaught(ConnectionEnd.violation("records that bring no frames"))
            context.close(promise: nil)
        }
    }

    /// Closes at once, without TLS's farewell and its wait for the peer's.
    func abort() { context?.close(promise: nil) }
}

/// Follows the five-byte headers of TLS records (RFC 8446 §5.1) through a stream.
package struct TLSRecordCount: Sendable {
    package private(set) var records: UInt64 = 0
    /// Bytes of the current record's body still to come.
    private var body = 0
    private var headerBytes = 0
    private var length = 0

    package init() {}

    package mutating func receive(_ bytes: some RandomAccessCollection<UInt8>) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if body > 0 {
                let step = min(body, rest.count)
                rest = rest.dropFirst(step)
                body -= step
                continue
            }
            guard let byte = rest.popFirst() else { return }
            headerBytes += 1
            if headerBytes > 3 { length = length << 8 | Int(byte) }
            if headerBytes == 5 {
                records += 1
                body = length
                headerBytes = 0
                length = 0
            }
        }
    }
}
