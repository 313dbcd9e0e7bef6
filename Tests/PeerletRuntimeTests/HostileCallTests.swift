import KBR
import PeerletBytecode
import PeerletRuntime
import PeerletVM
import Testing
import Wire

@Suite struct HostileCallTests {
    private static let edges: [Int64] = [
        0, 1, 64, Int64(Script.pages) * 4096 - 1, 1 << 31, 1 << 32 - 1, 1 << 62, .max, -1, .min,
    ]

    /// Arguments with which a call passes its checks, where there are any.
    private static func base(_ call: HostCall) -> [Int64] {
        let data = Script.firstData
        return HostABI.info(call).parameters.map { name in
            switch name {
            case "len", "klen", "flen", "hlen", "nlen", "cap": 32
            case "flags", "ttl_s", "offset", "safe", "cumulative", "period_ms", "rank": 0
            case "type", "count", "status", "which", "level", "algorithm", "what": 1
            case "on", "delay_ms", "cookie", "id", "code", "delta", "factor", "client": 1
            case "operation", "direction": 0
            case "timeout_ms": 1000
            default: data
            }
        }
    }

    private static func expectSane(_ report: ExecutionReport, _ bench: Bench, _ what: String) {
        switch report.outcome {
        case .completed:
            let result = bench.result(0)
            #expect(result >= 0 || HostError(rawValue: result) != nil, "\(what): \(result)")
            #expect(result != HostError.notSupported.rawValue, "\(what)")
            #expect(result != HostError.memory.rawValue, "\(what)")
        case .trapped(let trap): #expect(trap.kind == .hostMemory, "\(what): \(trap)")
        case .exhausted: #expect(report.effects.isEmpty)
        case .notExported, .failed: Issue.record("\(what): \(report.outcome)")
        }
        #expect(report.fuelSpent <= bench.fuel, "\(what)")
    }

    private static func upcall(_ call: HostCall) -> Upcall {
        switch call {
        case .kbrMessageSet: .forward
        case .lifeSnap: .snapshot
        default: .deliver
        }
    }

    /// A peerlet that makes the call with the arguments that each event brings.
    private static func bench(_ call: HostCall) throws -> Bench {
        var script = Script()
        let node = FullRing(size: 8).nodes[2].wireBytes
        _ = script.bytes(node + [UInt8](repeating: 0, count: 64))
        script.callWithPayload(call, in: upcall(call))
        return try Bench(script)
    }

    private static func run(
        _ bench: Bench,
        _ call: HostCall,
        _ arguments: [Int64]
    )
        -> ExecutionReport
    {
        var event = UpcallEvent(upcall(call))
        event.payload = arguments.flatMap { argument in
            (0..<8).map { UInt8(truncatingIfNeeded: argument >> (8 * $0)) }
        }
        bench.machines.drop(bench.instance)
        return bench.run(event)
    }

    @Test(arguments: HostCall.allCases)
    func `no argument can do harm`(call: HostCall) throws {
        let bench = try Self.bench(call)
        let base = Self.base(call)
        for edge in Self.edges {
            for index in base.indices {
                var arguments = base
                arguments[index] = edge
                let report = Self.run(bench, call, arguments)
                Self.expectSane(report, bench, "\(call) \(index) \(edge)")
            }
            let report = Self.run(bench, call, base.map { _ in edge })
            Self.expectSane(report, bench, "\(call) all \(edge)")
        }
        // Without a hostile argument the call is answered.
        #expect(Self.run(bench, call, base).outcome == .completed(result: 0))
    }

    /// An address at the very end, for every address a call takes.
    @Test(arguments: HostCall.allCases)
    func `memory ends where it ends`(call: HostCall) throws {
        let bench = try Self.bench(call)
        let end = Int64(Script.pages) * 4096
        for (index, name) in HostABI.info(call).parameters.enumerated() where name.hasSuffix("*") {
            for address in [end - 1, end, Int64.max, -1] {
                var arguments = Self.base(call)
                arguments[index] = address
                let report = Self.run(bench, call, arguments)
                guard case .trapped(let trap) = report.outcome else {
                    Issue.record("\(call) \(name): \(report.outcome) \(bench.result(0))")
                    continue
                }
                #expect(trap.kind == .hostMemory, "\(call) \(name)")
                #expect(report.effects.isEmpty)
            }
        }
    }
}
