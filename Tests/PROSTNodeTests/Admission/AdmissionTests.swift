import KBR
import PROSTNode
import PeerletRuntime
import SansIO
import Testing

struct AdmissionTests {
    static func instance(_ application: UInt64, _ key: UInt64 = 0) -> InstanceID {
        InstanceID(
            application: ApplicationID(Identifier(words: (application, 0, 0, 0))),
            key: key == 0 ? nil : Identifier(words: (key, 0, 0, 0))
        )
    }

    static var totals: NodeTotals {
        var totals = NodeTotals()
        totals.memory = 1000
        totals.storage = 500
        totals.fuel = 100
        totals.instances = 20
        totals.applications = 5
        return totals
    }

    @Test func `a hundred thousand random steps never reserve more than the node has`() {
        var random = DeterministicRandom(seed: 4)
        var admission = Admission(totals: Self.totals)
        var model: [InstanceID: Reservation] = [:]
        var admitted = 0
        for _ in 0..<100_000 {
            let id = Self.instance(random.below(8), random.below(6))
            if random.below(3) == 0 {
                let released = admission.release(id)
                #expect(released == model.removeValue(forKey: id))
                // What is stored stays, and somebody carries it.
                let heir = model.keys.filter { $0.application == id.application }.min()
                if let heir, let released { model[heir]?.storage += released.storage }
            } else {
                let large = random.below(50) == 0
                let asked = Reservation(
                    memory: large ? random.next() : random.below(200),
                    storage: large ? .max : random.below(100),
                    fuel: random.below(20)
                )
                let before = admission
                switch admission.admit(id, asked) {
                case .admitted:
                    model[id] = asked
                    admitted += 1
                case .refused(let reasons):
                    #expect(!reasons.isEmpty)
                    #expect(admission == before)
                }
            }
            let reserved = admission.reserved
            guard reserved.memory <= 1000, reserved.storage <= 500, reserved.fuel <= 100,
                admission.instances <= 20, admission.applications <= 5
            else {
                Issue.record("reserved \(reserved) of \(Self.totals)")
                return
            }
        }
        #expect(admitted > 10_000)
        #expect(admission.reserved.memory == model.values.reduce(0) { $0 + $1.memory })
        #expect(admission.reserved.storage == model.values.reduce(0) { $0 + $1.storage })
        #expect(admission.reserved.fuel == model.values.reduce(0) { $0 + $1.fuel })
        #expect(admission.applications == Set(model.keys.map(\.application)).count)
        for id in model.keys { admission.release(id) }
        #expect(admission == Admission(totals: Self.totals))
    }

    @Test func `a refusal lists everything that is short`() {
        var admission = Admission(totals: Self.totals)
        let half = Reservation(memory: 600, storage: 300, fuel: 60)
        #expect(admission.admit(Self.instance(1), half) == .admitted)
        guard case .refused(let reasons) = admission.admit(Self.instance(2), half) else {
            Issue.record("admitted")
            return
        }
        #expect(reasons.map(\.resource) == [.memory, .storage, .fuel])
        #expect(
            reasons.first?.description
                == "memory: asks 600B, 400B of 1000B free; raise limits.memory of the node, "
                + "or stop an application"
        )
    }

    @Test func `a reservation can change in place up to what is free`() {
        var admission = Admission(totals: Self.totals)
        let id = Self.instance(1)
        #expect(admission.admit(id, .init(memory: 900, storage: 0, fuel: 0)) == .admitted)
        #expect(admission.admit(id, .init(memory: 1000, storage: 0, fuel: 0)) == .admitted)
        #expect(admission.admit(id, .init(memory: 1001, storage: 0, fuel: 0)) != .admitted)
        #expect(admission.reservation(of: id)?.memory == 1000)
    }

    @Test func `totals do not sink below what is reserved`() {
        var admission = Admission(totals: Self.totals)
        _ = admission.admit(Self.instance(1), .init(memory: 600, storage: 0, fuel: 0))
        var less = Self.totals
        less.memory = 599
        #expect(admission.adjust(totals: less) != .admitted)
        #expect(admission.totals == Self.totals)
        less.memory = 600
        #expect(admission.adjust(totals: less) == .admitted)
    }
}
