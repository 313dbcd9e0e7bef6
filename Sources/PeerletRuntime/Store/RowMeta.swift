internal import KBR
internal import SansIO

/// The META block of 64 bytes through which peerlets see a row's attributes (`Spec/abi.md` §6.2).
struct RowMeta: Equatable {
    static let byteCount = 64
    /// Set in the word of weights when the row may be evicted.
    private static let cacheBit: UInt32 = 1 << 31

    var version: ReplicaVersion
    /// Milliseconds of wall time; 0: never.
    var expires: UInt64
    /// Weight (without the cache bit) and user bytes, as stored.
    var userBytes: [UInt8]
    var isCache: Bool

    init(of value: StoredValue) {
        version = value.version
        expires = value.expires?.milliseconds ?? 0
        userBytes = Array(value.userBytes.prefix(16))
        userBytes += [UInt8](repeating: 0, count: 16 - userBytes.count)
        isCache = value.isCache
    }

    /// `bytes` must be 64.
    init(bytes: [UInt8]) {
        let counter = LittleEndian.u64(bytes, at: 0)
        let writer = Identifier(bytes: bytes[8..<40]) ?? .zero
        version = ReplicaVersion(counter: counter, writer: writer)
        expires = LittleEndian.u64(bytes, at: 40)
        userBytes = Array(bytes[48..<64])
        userBytes[3] &= 0x7F
        isCache = false
    }

    var bytes: [UInt8] {
        var block = LittleEndian.bytes(version.counter)
        block += version.writer.bytes
        block += LittleEndian.bytes(expires)
        block += userBytes
        if isCache { block[51] |= UInt8(truncatingIfNeeded: Self.cacheBit >> 24) }
        return block
    }
}

/// Numbers in a peerlet's memory.
enum LittleEndian {
    static func bytes(_ value: some FixedWidthInteger) -> [UInt8] {
        var rest = UInt64(truncatingIfNeeded: value)
        var result: [UInt8] = []
        for _ in 0..<value.bitWidth / 8 {
            result.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
        return result
    }

    /// The eight bytes from `offset`, which must exist.
    static func u64(_ bytes: [UInt8], at offset: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in (0..<8).reversed() { value = value << 8 | UInt64(bytes[offset + index]) }
        return value
    }
}
