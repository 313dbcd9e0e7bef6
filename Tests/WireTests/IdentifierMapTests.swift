import KBR
import SansIO
import Testing

@Suite struct IdentifierMapTests {
    @Test func `a map holds what a dictionary holds, in order of its keys`() {
        var random = DeterministicRandom(seed: 3)
        var map = IdentifierMap<Int>()
        var model: [Identifier: Int] = [:]
        let keys = (0..<80).map { _ in
            Identifier(words: (random.below(4), random.below(3), 0, random.next()))
        }
        for step in 0..<4000 {
            let key = keys[Int(random.below(80))]
            if random.below(3) == 0 {
                map[key] = nil
                model[key] = nil
            } else {
                map[key] = step
                model[key] = step
            }
            #expect(map[key] == model[key])
            #expect(map.count == model.count)
            #expect(map.isEmpty == model.isEmpty)
        }
        #expect(map.keys == model.keys.sorted())
        #expect(map.values == model.sorted { $0.key < $1.key }.map(\.value))
        let least = map.least { $0.value < $1.value }
        #expect(least?.value == model.values.min())
    }
}
