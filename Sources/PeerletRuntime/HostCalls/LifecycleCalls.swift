internal import KBR
internal import PeerletBytecode

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

    func snapshot() throws(HostCallStop) -> Int64 {
        guard upcall == .snapshot else { throw .refused(.permission) }
        let length = try payloadLength(1)
        let data = try bytes(0, length)
        try require(
            .sendBytes,
            length,
            used: usage.sendBytes,
            maximum: limits.sendBytes,
            else: .quota
        )
        usage.sendBytes += length
        effects.append(.snapshot(data))
        return 0
    }
}
