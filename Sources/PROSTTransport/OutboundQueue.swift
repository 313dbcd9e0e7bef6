internal import NIOCore
package import Wire

/// What a frame yields to: control frames overtake bulk (`Spec/wire.md` §5.2).
package enum FramePriority: Hashable, Sendable { case control, bulk }

/// Frames waiting for a peer's connection, bounded in bytes; control leaves first.
package struct OutboundQueue: Sendable {
    private var control = CircularBuffer<Frame>()
    private var bulk = CircularBuffer<Frame>()
    /// Bytes held, as on the wire.
    package private(set) var byteCount = 0
    private let limit: Int

    /// Bulk may fill three quarters of `limit`, so that control always finds room.
    package init(limit: Int) { self.limit = limit }

    package var isEmpty: Bool { control.isEmpty && bulk.isEmpty }
    package var count: Int { control.count + bulk.count }

    package static func size(_ frame: Frame) -> Int { frame.body.count + 5 }

    /// False if the queue is full; an empty queue takes any frame.
    package mutating func append(_ frame: Frame, _ priority: FramePriority) -> Bool {
        let size = Self.size(frame)
        let room = priority == .control ? limit : limit / 4 * 3
        guard isEmpty || byteCount + size <= room else { return false }
        byteCount += size
        switch priority {
        case .control: control.append(frame)
        case .bulk: bulk.append(frame)
        }
        return true
    }

    /// Takes at least one frame if there is any, and more up to about `byteLimit` bytes.
    package mutating func nextBatch(byteLimit: Int) -> [Frame] {
        var batch: [Frame] = []
        var size = 0
        while size < byteLimit, let frame = control.popFirst() ?? bulk.popFirst() {
            size += Self.size(frame)
            batch.append(frame)
        }
        byteCount -= size
        return batch
    }

    /// Empties the queue.
    package mutating func removeAll() -> [Frame] {
        defer {
            control.removeAll()
            bulk.removeAll()
            byteCount = 0
        }
        return Array(control) + Array(bulk)
    }
}
