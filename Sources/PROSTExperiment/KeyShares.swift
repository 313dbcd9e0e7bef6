internal import KBR
internal import PROSTSimulator
internal import SansIO

/// How many of some keys each machine is responsible for, with one or several nodes of its own.
struct KeyShares {
    /// Keys of the machines, rising.
    private let counts: [UInt64]
    private let mean: Double

    /// Keys are drawn uniformly; nodes that are numbered one after the other are one machine's.
    init(
        of keys: Int,
        on membership: Membership,
        nodesPerMachine: Int,
        random: DeterministicRandom
    ) {
        var random = random
        var counts: [Int: UInt64] = [:]
        for index in membership.indices { counts[index / nodesPerMachine] = 0 }
        for _ in 0..<keys {
            let words = (random.next(), random.next(), random.next(), random.next())
            guard let root = membership.root(of: Identifier(words: words)) else { break }
            counts[root / nodesPerMachine, default: 0] += 1
        }
        self.counts = counts.values.sorted()
        mean = Double(keys) / Double(max(counts.count, 1))
    }

    /// A percentile over the mean.
    func overMean(_ percent: Int) -> Double {
        guard !counts.isEmpty else { return 0 }
        return Double(counts[(counts.count - 1) * percent / 100]) / max(mean, 1e-9)
    }
}
