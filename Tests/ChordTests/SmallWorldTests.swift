import Chord
import Foundation
import KBR
import SansIO
import Testing

/// Every order of events in a ring of identifiers 0 to 7 with r = 2, on production nodes.
@Suite struct SmallWorldTests {
    /// How many steps from the beginning the search looks; without optimization only six.
    ///
    /// PROST_WORLD_DEPTH=12 looks further: six million steps, a minute.
    static var depth: Int {
        let asked = ProcessInfo.processInfo.environment["PROST_WORLD_DEPTH"]
        #if DEBUG
        return asked.flatMap { Int($0) } ?? 6
        #else
        return asked.flatMap { Int($0) } ?? 10
        #endif
    }

    @Test(arguments: [false, true])
    func `whatever joins, fails, stabilizes and rectifies, the invariant holds`(
        separatesAnswers: Bool
    ) {
        var search = SmallWorldSearch(separatesAnswers: separatesAnswers)
        let ring = search.idealRing([0, 3, 6])
        let result = search.search(from: [ring], depth: Self.depth)
        #expect(result.finding == nil)
        #expect(result.depth == Self.depth)
        #expect(result.failures > 0 && result.joins > 0)
    }

    @Test func `larger rings and those of every shape keep the invariant too`() {
        var search = SmallWorldSearch(separatesAnswers: false)
        let shapes = [
            [0, 1, 2], [0, 1, 3], [0, 1, 4], [0, 1, 5], [0, 1, 6], [0, 2, 4], [0, 2, 5],
            [0, 2, 3, 5, 6], Array(0..<8),
        ]
        var rings: [SmallWorld] = []
        for shape in shapes { rings.append(search.idealRing(shape)) }
        let result = search.search(from: rings, depth: Self.depth - 4)
        #expect(result.finding == nil)
        #expect(result.depth == Self.depth - 4)
    }

    /// What merges two rings must not harm one that is whole.
    @Test func `nodes that look for other rings keep their own`() {
        var search = SmallWorldSearch(separatesAnswers: true)
        search.checksRings = true
        let rings = [search.idealRing([0, 3, 6]), search.idealRing([0, 2, 3, 5, 6])]
        let result = search.search(from: rings, depth: Self.depth - 4)
        #expect(result.finding == nil)
        #expect(result.depth == Self.depth - 4)
    }

    /// The shortest history that breaks the ring, which is what one wants to read.
    @Test func `the original Chord loses a ring of three in six steps`() throws {
        var search = SmallWorldSearch(separatesAnswers: false, fault: .originalChord)
        let ring = search.idealRing([0, 3, 6])
        let shorter = search.search(from: [ring], depth: 5)
        #expect(shorter.finding == nil)
        let result = search.search(from: [ring], depth: 6)
        let finding = try #require(result.finding)
        #expect(finding.steps.count == 6)
        #expect(finding.violations.contains(.noLiveSuccessor(SmallWorld.handle(4).id)))
    }

    @Test func `a member of a ring that takes busy for dead is caught in five steps`() throws {
        var search = SmallWorldSearch(separatesAnswers: false, fault: .takesBusyForDead)
        let ring = search.idealRing([0, 3, 6])
        let result = search.search(from: [ring], depth: 5)
        let finding = try #require(result.finding)
        #expect(finding.violations == [.insufficientPrincipals(found: 2, needed: 3)])
    }

    @Test func `wherever chance leads, a quiet ring becomes ideal`() {
        var search = SmallWorldSearch(separatesAnswers: true)
        var random = DeterministicRandom(seed: 1)
        for _ in 0..<200 {
            let world = Self.walk(&search, steps: 40, &random)
            let violations = search.violations(in: world)
            #expect(violations.isEmpty)
            let isIdealAtEnd = search.becomesIdeal(world, rounds: 12)
            #expect(isIdealAtEnd)
        }
    }

    /// The table continues from one node of each state; a node with a past of its own must not
    /// behave otherwise.
    @Test func `steps from remembered states are those of nodes that lived through it all`() {
        var remembered = SmallWorldSearch(separatesAnswers: true)
        for seed in 1...40 as ClosedRange<UInt64> {
            var random = DeterministicRandom(seed: seed)
            let world = Self.walk(&remembered, steps: 30, &random)
            var fresh = SmallWorldSearch(separatesAnswers: true)
            random = DeterministicRandom(seed: seed)
            let same = Self.walk(&fresh, steps: 30, &random)
            #expect(remembered.snapshots(of: world) == fresh.snapshots(of: same))
        }
    }

    static func walk(
        _ search: inout SmallWorldSearch,
        steps: Int,
        _ random: inout DeterministicRandom
    ) -> SmallWorld {
        var world = search.idealRing([0, 3, 6])
        for _ in 0..<steps {
            let possible = search.possibleSteps(in: world)
            let step = possible[Int(random.below(UInt64(possible.count)))]
            world = search.carryOut(step, in: world) ?? world
        }
        return world
    }
}
