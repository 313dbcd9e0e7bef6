internal import KBR
internal import PeerletBytecode
internal import PeerletVM

// `life.*` (`Spec/abi.md` §4.7).
extension UpcallExecution {
    func spawn() throws(HostCallStop) -> Int64 {
        let length = try payloadLength(3)
        guard argument(4) == 0 else { throw .refused(.argument) }
        let application = try optionalIdentifier(0).map(ApplicationID.init)
        let key = try identifier(1)
        let data = try bytes(2, length)
        try requireSend(bytes: length)
        countSend(bytes: length)
        let isOwn = application == nil || application == self.application
        effects.append(.spawn(isOwn ? nil : application, key: key, argument: data))
        return 0
    }

    func exit() -> Int64 {
        effects.append(.exit(code: argument(0)))
        return 0
    }

    func checkpoint() throws(HostCallStop) -> Int64 {
        guard argument(0) == 0 else { throw .refused(.argument) }
        guard !usage.hasCheckpoint else { throw .refused(.rate) }
        usage.hasCheckpoint = true
        effects.append(.checkpoint)
        return 0
    }

    /// Adds a part to the snapshot, which is as it should be only if every part was taken.
    func snapshot() throws(HostCallStop) -> Int64 {
        guard upcall == .snapshot else { throw .refused(.permission) }
        let parts = snapshotParts
        snapshotParts = nil
        let length = try payloadLength(1)
        let layout = invocation.peerlet.program.image.memory
        guard EventBlock.fits(.restore, payload: length, in: layout) else {
            throw .refused(.tooBig)
        }
        let data = try bytes(0, length)
        let charge = SnapshotLimits.partOverhead + length
        try require(
            .sendBytes,
            length,
            used: usage.sendBytes,
            maximum: limits.sendBytes,
            else: .quota
        )
        try require(
            .storeBytes,
            charge,
            used: usage.snapshotBytes + Int(clamping: max(0, store.growth)),
            maximum: Int(clamping: limits.storeBytes),
            else: .quota
        )
        guard let parts, parts.count < SnapshotLimits.parts else { throw .refused(.quota) }
        usage.sendBytes += length
        usage.snapshotBytes += charge
        snapshotParts = parts + [data]
        return 0
    }
}

/// Bounds of what one instance's snapshot may hold (`Spec/abi.md` §3.3).
package enum SnapshotLimits {
    package static let parts = 64
    /// Bytes that a part is charged beyond its own: a row's key and overhead.
    package static let partOverhead = 192
}
