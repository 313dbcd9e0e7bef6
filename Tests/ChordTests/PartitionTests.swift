import Chord
import Foundation
import KBR
import SansIO
import Testing

/// Schedules of class B: nodes that cannot reach each other for a while, all alive.
@Suite struct PartitionTests {
    /// How the nodes of a ring are divided.
    enum Cut: CaseIterable {
        case half
        case oneInFour
        case oneNode
        /// Neighbours stay together, so that few remember anyone of the other side.
        case arcs
        case threeWays
        /// The one side hears the other and is not heard.
        case oneWay

        func side(of place: Int, among count: Int, _ random: inout DeterministicRandom) -> Int {
            switch self {
            case .half, .oneWay: Int(random.below(2))
            case .oneInFour: random.below(4) == 0 ? 1 : 0
            case .oneNode: place == 0 ? 1 : 0
            case .arcs: 2 * place / count
            case .threeWays: Int(random.below(3))
            }
        }
    }

    /// Virtual time from the end of the partition to one ideal ring, nil if it takes over 5
    /// minutes.
    static func timeToMerge(
        size: Int,
        cut: Cut,
        lasting span: TimeSpan,
        seed: UInt64,
        checksRing: Bool = true
    ) -> TimeSpan? {
        var configuration = ChordConfiguration()
        if !checksRing { configuration.ringCheckPeriod = .seconds(1_000_000) }
        guard
            var network = VirtualNetwork.idealRing(
                of: size,
                seed: seed,
                configuration: configuration
            )
        else { return nil }
        network.run(for: .seconds(30))
        network.refusesConnections = seed % 2 == 0
        var random = DeterministicRandom(seed: seed ^ 0xC07)
        network.isCutOneWay = cut == .oneWay
        for (place, index) in network.clockwise.enumerated() {
            network.side[index] = cut.side(of: place, among: size, &random)
        }
        network.run(for: span)
        network.side = [:]
        let healed = network.now
        guard network.run(atMost: .seconds(300), until: { $0.isIdeal }) else { return nil }
        return network.now.since(healed)
    }

    /// Seeds 1 and 2 (without optimization only 1), or as many as PROST_PARTITION_SEEDS says.
    static var seeds: ClosedRange<UInt64> {
        let asked = ProcessInfo.processInfo.environment["PROST_PARTITION_SEEDS"]
        #if DEBUG
        let few: UInt64 = 1
        #else
        let few: UInt64 = 2
        #endif
        return 1...max(asked.flatMap { UInt64($0) } ?? few, 1)
    }

    @Test(arguments: Cut.allCases)
    func `rings that were cut become one within five minutes`(cut: Cut) {
        for seed in Self.seeds {
            for (size, seconds) in [(8, 20), (24, 20), (24, 120)] as [(Int, UInt64)] {
                let span = TimeSpan.seconds(seconds)
                let time = Self.timeToMerge(size: size, cut: cut, lasting: span, seed: seed)
                #expect(time != nil, "\(size) nodes, \(seconds) s, seed \(seed)")
            }
        }
    }

    @Test func `a large ring cut into arcs becomes one, too`() {
        let time = Self.timeToMerge(size: 64, cut: .arcs, lasting: .seconds(20), seed: 1)
        #expect(time != nil)
    }

    @Test func `without ring checks the halves stay apart`() {
        let time = Self.timeToMerge(
            size: 24,
            cut: .half,
            lasting: .seconds(120),
            seed: 1,
            checksRing: false
        )
        #expect(time == nil)
    }
}
