import KBR
import PROSTNode
import PeerletBytecode
import SansIO
import Testing

struct LimitLedgerTests {
    static func application(_ number: UInt64) -> ApplicationID {
        ApplicationID(Identifier(words: (number << 32, 0, 0, 0)))
    }

    private func bite(
        _ ledger: inout LimitLedger,
        _ limit: Limit,
        of number: UInt64 = 1,
        at seconds: UInt64
    ) -> LimitRecord? {
        var limits = InstanceLimits()
        limits.set(
            .fuel,
            2_000_000,
            from: RuleOrigin(file: "policy.yaml", line: 3, path: "defaults.fuel")
        )
        return ledger.note(
            limit,
            of: Self.application(number),
            name: "kv",
            upcall: .deliver,
            used: 2_410_000,
            limits: limits,
            effect: .paused,
            at: .zero + .seconds(seconds)
        )
    }

    @Test func `a flood of bites is one record and a line every ten seconds`() {
        var ledger = LimitLedger()
        var lines = 0
        for second in UInt64(0)...60 where bite(&ledger, .fuel, at: second) != nil { lines += 1 }
        #expect(lines == 7)
        #expect(ledger.all.map(\.times) == [61])
        #expect(
            ledger.all.first?.text
                == "limit app=kv#00000001 upcall=deliver limit=fuel used=2.41M/s max=2M/s "
                + "window=1s times=61 in 60s set by policy.yaml:3 defaults.fuel; "
                + "the instance waits; to raise it, set fuel for this application where it is set"
        )
    }

    @Test func `applications and limits are told apart, in order`() {
        var ledger = LimitLedger()
        #expect(bite(&ledger, .memory, of: 2, at: 0) != nil)
        #expect(bite(&ledger, .memory, of: 1, at: 0) != nil)
        #expect(bite(&ledger, .fuel, of: 2, at: 0) != nil)
        #expect(ledger.all.map(\.limit) == [.memory, .fuel, .memory])
        #expect(ledger.records(of: Self.application(2)).map(\.limit) == [.fuel, .memory])
    }

    @Test func `the ledger is bounded`() {
        var ledger = LimitLedger()
        for number in UInt64(0)..<600 { _ = bite(&ledger, .fuel, of: number, at: number) }
        #expect(ledger.all.count == LimitLedger.capacity)
        #expect(ledger.records(of: Self.application(0)).isEmpty)
        #expect(ledger.records(of: Self.application(599)).count == 1)
    }
}
