import KBR
import PROSTSimulator
import Testing

@Suite struct MembershipTests {
    private static func membership(_ words: [UInt64]) -> Membership {
        var membership = Membership()
        for (index, word) in words.enumerated() {
            membership.insert(index, Identifier(words: (word, 0, 0, 0)))
        }
        return membership
    }

    @Test func `replicas of a key are its root and those that follow, around the circle`() {
        let membership = Self.membership([10, 30, 20, 40])
        let key = Identifier(words: (25, 0, 0, 0))
        #expect(membership.root(of: key) == 1)
        let replicas = (0..<4).filter { membership.isReplica($0, of: key, count: 3) }
        #expect(replicas == [0, 1, 3])
    }

    @Test func `a ring of fewer nodes than replicas has them all`() {
        let membership = Self.membership([10, 20])
        #expect(membership.isReplica(0, of: .zero, count: 5))
        #expect(membership.isReplica(1, of: .zero, count: 5))
        #expect(!membership.isReplica(2, of: .zero, count: 5))
    }
}
