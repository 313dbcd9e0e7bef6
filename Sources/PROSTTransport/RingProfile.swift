/// What all nodes of one ring agree on before they talk (`Spec/wire.md` §4).
package struct RingProfile: Hashable, Sendable {
    /// 1 to `WireLimits.ringName` bytes of UTF-8.
    package var name: String
    /// Length r of every node's successor list.
    package var successorListLength: UInt8
    /// Nodes that keep each key.
    package var replicaCount: UInt8
    /// Version of the price table that fuel is charged by.
    package var priceTable: UInt32
    /// Lowest and highest protocol version spoken.
    package var protocolVersions: ClosedRange<UInt16>

    package init(
        name: String,
        successorListLength: UInt8,
        replicaCount: UInt8,
        priceTable: UInt32,
        protocolVersions: ClosedRange<UInt16> = 1...1
    ) {
        self.name = name
        self.successorListLength = successorListLength
        self.replicaCount = replicaCount
        self.priceTable = priceTable
        self.protocolVersions = protocolVersions
    }

    /// The highest version that both ranges hold, nil if they do not meet.
    func commonVersion(with other: ClosedRange<UInt16>) -> UInt16? {
        let version = min(protocolVersions.upperBound, other.upperBound)
        return protocolVersions.contains(version) && other.contains(version) ? version : nil
    }

    /// Why a node of ring `other` cannot be a member of this one; nil if it can.
    func mismatch(with other: RingParameters) -> Refusal? {
        if other.name != name {
            return Refusal(.ringName, "this ring is \"\(name)\", not \"\(other.name)\"")
        }
        if other.successorListLength != successorListLength {
            return Refusal(
                .ringParameters,
                "successor lists here have \(successorListLength) entries, "
                    + "not \(other.successorListLength)"
            )
        }
        if other.replicaCount != replicaCount {
            return Refusal(
                .ringParameters,
                "keys here have \(replicaCount) replicas, not \(other.replicaCount)"
            )
        }
        if other.priceTable != priceTable {
            return Refusal(
                .priceTable,
                "fuel here is charged by price table \(priceTable), not \(other.priceTable)"
            )
        }
        return nil
    }

    var parameters: RingParameters {
        RingParameters(
            name: name,
            successorListLength: successorListLength,
            replicaCount: replicaCount,
            priceTable: priceTable
        )
    }
}
