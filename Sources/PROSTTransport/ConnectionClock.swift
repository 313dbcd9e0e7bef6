package import NIOCore

/// Time limits of a connection (`Spec/wire.md` §5.3).
package struct ConnectionTimeLimits: Hashable, Sendable {
    /// From the TCP connection to the acceptance.
    package var handshake: TimeAmount = .seconds(5)
    /// From a frame's first byte to its last.
    package var frame: TimeAmount = .seconds(10)
    /// Without a frame in either direction.
    package var idle: TimeAmount = .minutes(5)
    /// Without any progress of a write.
    package var write: TimeAmount = .seconds(10)
    /// From the wish to close to the end.
    package var goodbye: TimeAmount = .seconds(5)

    package init() {}
}

/// When a connection last did what it must do, and which limit it has passed.
package struct ConnectionClock: Hashable, Sendable {
    package let openedAt: NIODeadline
    private var lastFrame: NIODeadline
    private var isAccepted = false
    private var partialSince: NIODeadline?
    private var stalledSince: NIODeadline?
    private var drainingSince: NIODeadline?

    package init(openedAt: NIODeadline) {
        self.openedAt = openedAt
        lastFrame = openedAt
    }

    package var lastActivity: NIODeadline { lastFrame }

    package mutating func accepted(at now: NIODeadline) {
        isAccepted = true
        lastFrame = now
    }

    /// Bytes came in; `isPartial` if an unfinished frame is left, `completed` if a frame ended.
    package mutating func received(completed: Bool, isPartial: Bool, at now: NIODeadline) {
        if completed { lastFrame = now }
        if !isPartial {
            partialSince = nil
        } else if partialSince == nil || completed {
            partialSince = now
        }
    }

    /// A write was handed down while none was under way.
    package mutating func writeStarted(at now: NIODeadline) {
        if stalledSince == nil { stalledSince = now }
    }

    /// The socket took a write; `isMore` if others are under way.
    package mutating func writeProgressed(isMore: Bool, at now: NIODeadline) {
        lastFrame = now
        stalledSince = isMore ? now : nil
    }

    package mutating func draining(at now: NIODeadline) {
        if drainingSince == nil { drainingSince = now }
    }

    /// The first limit that has passed, nil if none has.
    package func expired(
        at now: NIODeadline,
        limits: ConnectionTimeLimits
    ) -> ConnectionEnd.Deadline? {
        if let drainingSince, now - drainingSince >= limits.goodbye { return .goodbye }
        guard isAccepted else { return now - openedAt >= limits.handshake ? .handshake : nil }
        if let partialSince, now - partialSince >= limits.frame { return .frame }
        if let stalledSince, now - stalledSince >= limits.write { return .write }
        return now - lastFrame >= limits.idle ? .idle : nil
    }
}
