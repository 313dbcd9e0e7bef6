internal import Cryptography
internal import KBR
internal import PeerletBytecode
internal import SansIO

// `cr.*` (`Spec/abi.md` §4.4).
extension UpcallExecution {
    private static let lengths: ClosedRange<Int64> = 0...Int64(Int32.max)
    private static let randomLimit: Int64 = 4096

    func hash() throws(HostCallStop) -> Int64 {
        let algorithm = try number(0, in: 1...3)
        let length = try number(2, in: Self.lengths)
        let data = try bytes(1, length)
        let sizes = [SHA256.byteCount, SHA1.byteCount, BLAKE2b512.byteCount]
        let out = try range(3, sizes[algorithm - 1])
        let digest =
            switch algorithm {
            case 1: SHA256.digest(data)
            case 2: SHA1.digest(data)
            default: BLAKE2b512.digest(data)
            }
        try write(digest, to: out)
        return Int64(digest.count)
    }

    /// What a peerlet's signature covers: the application, so that no other can use it.
    private func signed(_ data: [UInt8]) -> [UInt8] { application.identifier.bytes + data }

    func verify() throws(HostCallStop) -> Int64 {
        let algorithm = try number(0, in: 1...2)
        let length = try number(4, in: Self.lengths)
        let raw = try bytes(1, PublicKey.byteCount)
        let signature = try bytes(2, PublicKey.signatureByteCount)
        let data = try bytes(3, length)
        guard let key = PublicKey(raw: raw) else { return 0 }
        let isValid =
            algorithm == 1
            ? key.isValid(signature, of: data)
            : key.isValid(signature, of: signed(data), for: .peerlet)
        return isValid ? 1 : 0
    }

    func sign() throws(HostCallStop) -> Int64 {
        guard let signer = environment.signer else { throw .refused(.permission) }
        let length = try number(1, in: Self.lengths)
        let data = try bytes(0, length)
        let out = try range(2, PublicKey.signatureByteCount)
        guard let signature = signer.signature(forPeerlet: signed(data)),
            signature.count == PublicKey.signatureByteCount
        else { throw .refused(.permission) }
        try write(signature, to: out)
        return 0
    }

    func authenticate() throws(HostCallStop) -> Int64 {
        let length = try number(1, in: Self.lengths)
        let data = try bytes(0, length)
        let out = try range(2, 16)
        let code = HMACSHA256(key: invocation.secret).code(data)
        try write(Array(code.prefix(16)), to: out)
        return 0
    }

    func randomBytes() throws(HostCallStop) -> Int64 {
        let length = try number(1, in: 0...Self.randomLimit, tooBig: .tooBig)
        let out = try range(0, length)
        try write(random.bytes(length), to: out)
        return 0
    }
}
