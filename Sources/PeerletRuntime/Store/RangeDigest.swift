internal import Cryptography
package import KBR
internal import Wire

extension RangeDigest {
    /// What one row adds to the sum (`Spec/abi.md` §6.5).
    package static func term(key: [UInt8], version: ReplicaVersion) -> Identifier {
        var writer = WireWriter(capacity: key.count + 40)
        writer.raw(key)
        version.encode(to: &writer)
        return Identifier(bytes: SHA256.digest(writer.bytes)) ?? .zero
    }

    package mutating func add(_ term: Identifier) {
        count &+= 1
        sum = sum &+ term
    }

    package mutating func remove(_ term: Identifier) {
        count &-= 1
        sum = sum &- term
    }

    package mutating func add(_ other: RangeDigest) {
        count &+= other.count
        sum = sum &+ other.sum
    }
}
