/// BLAKE2b with 32 bytes of output (RFC 7693): the checksum in minisign's secret keys.
///
/// It is not BLAKE2b-512 cut short; written out because libcrypto 3.0 offers 64 bytes only.
package enum BLAKE2b256 {
    private static let initial: [UInt64] = [
        0x6A09_E667_F3BC_C908, 0xBB67_AE85_84CA_A73B, 0x3C6E_F372_FE94_F82B, 0xA54F_F53A_5F1D_36F1,
        0x510E_527F_ADE6_82D1, 0x9B05_688C_2B3E_6C1F, 0x1F83_D9AB_FB41_BD6B, 0x5BE0_CD19_137E_2179,
    ]

    private static let schedule: [[Int]] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        [14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3],
        [11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4],
        [7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8],
        [9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13],
        [2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9],
        [12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11],
        [13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10],
        [6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5],
        [10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0],
    ]

    private static let lanes = [
        (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
        (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
    ]

    private static let blockSize = 128

    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var state = initial
        // Parameter block: no key, fan-out and depth 1, 32 bytes of output.
        state[0] ^= 0x0101_0020
        var start = 0
        repeat {
            let end = min(start + blockSize, bytes.count)
            compress(&state, words(bytes[start..<end]), count: end, isLast: end == bytes.count)
            start = end
        } while start < bytes.count
        return state.prefix(4).flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
        }
    }

    private static func words(_ block: ArraySlice<UInt8>) -> [UInt64] {
        var words = [UInt64](repeating: 0, count: 16)
        for (index, byte) in block.enumerated() {
            words[index / 8] |= UInt64(byte) << UInt64(8 * (index % 8))
        }
        return words
    }

    private static func compress(
        _ state: inout [UInt64],
        _ block: [UInt64],
        count: Int,
        isLast: Bool
    ) {
        var v = state + initial
        v[12] ^= UInt64(count)
        if isLast { v[14] = ~v[14] }
        for round in 0..<12 {
            let order = schedule[round % 10]
            for (index, (a, b, c, d)) in lanes.enumerated() {
                v[a] = v[a] &+ v[b] &+ block[order[2 * index]]
                v[d] = rotated(v[d] ^ v[a], 32)
                v[c] = v[c] &+ v[d]
                v[b] = rotated(v[b] ^ v[c], 24)
                v[a] = v[a] &+ v[b] &+ block[order[2 * index + 1]]
                v[d] = rotated(v[d] ^ v[a], 16)
                v[c] = v[c] &+ v[d]
                v[b] = rotated(v[b] ^ v[c], 63)
            }
        }
        for index in 0..<8 { state[index] ^= v[index] ^ v[index + 8] }
    }

    private static func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
        word >> count | word << (64 - count)
    }
}
