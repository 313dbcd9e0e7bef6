internal import Cryptography
internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletRuntime
internal import PeerletVM
internal import SansIO

/// What host calls take in a lane for their fuel, over a store in memory and a ring of one node.
enum HostCallMeasurement {
    struct Row: Encodable {
        var call: String
        var size: Int
        var fuel: UInt64
        var nanoseconds: Double
        /// What the call answered last: negative for an error.
        var result: Int64
    }

    private static let calls = 100
    private static let area: Int64 = 8192

    /// Rows of all host calls; those whose price depends on a size have one for each size.
    static func rows(_ rounds: Int) throws -> [Row] {
        let none = try time(.timeNow, size: 0, calls: 0, rounds)
        return try HostCall.allCases.filter { $0 != .lifeExit }.flatMap { call in
            let info = HostABI.info(call)
            let sizes = info.price.sizeParameter == nil ? [0] : [0, 64, 1024]
            return try sizes.map { size in
                let measured = try time(call, size: size, calls: calls, rounds)
                let time = max(0, measured.time - none.time) / Double(calls)
                return Row(
                    call: info.name,
                    size: size,
                    fuel: (measured.fuel &- none.fuel) / UInt64(calls),
                    nanoseconds: time,
                    result: measured.result
                )
            }
        }
    }

    /// An upcall that makes the same call so many times: the best of the rounds.
    private static func time(
        _ call: HostCall,
        size: Int,
        calls: Int,
        _ rounds: Int
    ) throws -> (time: Double, fuel: UInt64, result: Int64) {
        let peerlet = try DeliverMeasurement.peerlet(image(call, size: size, calls: calls))
        var limits = UpcallLimits()
        limits.storeBytes = 1 << 30
        limits.storeWrites = 1 << 20
        limits.timers = 1 << 20
        limits.requests = 1 << 20
        (limits.sends, limits.sendBytes) = (1 << 20, 1 << 30)
        let machines = MachineStore(environment: MachineEnvironment())
        var invocation = DeliverMeasurement.invocation(peerlet, limits: limits)
        invocation.fuel = 1 << 40
        var best = (time: Double.infinity, fuel: UInt64(0), result: Int64(0))
        for _ in 0..<rounds * 10 {
            let start = ProcessTime.thread()
            let report = machines.run(invocation, reader: MemoryStore())
            let time = Double(ProcessTime.thread() - start)
            machines.finish(invocation.id, isAccepted: false)
            guard case .completed(let result) = report.outcome else {
                throw CommandFailure.usage("\(HostABI.info(call).name): \(report.outcome)")
            }
            best = (min(best.time, time), report.fuelSpent, result)
            invocation.isFresh = false
        }
        return best
    }

    private static func image(_ call: HostCall, size: Int, calls: Int) -> ProgramImage {
        let info = HostABI.info(call)
        var code = InstructionEncoder()
        code.append(Instruction(.const, .constant(0)))
        for _ in 0..<calls {
            code.append(Instruction(.drop))
            for (index, name) in info.parameters.enumerated() {
                let isSize = index == info.price.sizeParameter
                let value = isSize ? Int64(size) / Int64(info.price.unit) : argument(name)
                code.append(Instruction(.const, .constant(value)))
            }
            code.append(Instruction(.host, .index(0)))
        }
        code.append(Instruction(.ret))
        var image = DeliverMeasurement.image(code.code, pages: 8)
        image.imports = [.init(name: info.name, parameterCount: UInt8(info.parameters.count))]
        image.data = [.init(address: UInt32(area), bytes: [UInt8](repeating: 7, count: 2048))]
        return image
    }

    private static func argument(_ name: String) -> Int64 {
        switch name {
        case "out*", "out_key*", "signature*": area + 4096
        case "app*", "low*", "high*", "meta*", "hint*": 0
        case "klen", "flen": 32
        case "algorithm", "what", "delay_ms", "timeout_ms", "on", "factor": 1
        case _ where name.hasSuffix("*"): area
        default: 0
        }
    }
}
