internal import PeerletBytecode

// `cl.*` (`Spec/abi.md` §4.5).
extension UpcallExecution {
    func pushToClient() throws(HostCallStop) -> Int64 {
        let type = try messageType(1)
        let length = try payloadLength(3)
        let payload = try bytes(2, length)
        let client = UInt64(bitPattern: argument(0))
        guard invocation.clients.contains(client) else { throw .refused(.gone) }
        try requireSend(bytes: length)
        countSend(bytes: length)
        effects.append(.clientPush(client: client, type: type, payload: payload))
        return 0
    }

    func listClients() throws(HostCallStop) -> Int64 {
        let capacity = try number(1, in: 0...1 << 20)
        let out = try range(0, capacity * 8)
        let listed = invocation.clients.prefix(capacity)
        try write(listed.flatMap { LittleEndian.bytes($0) }, to: out)
        return Int64(invocation.clients.count)
    }
}
