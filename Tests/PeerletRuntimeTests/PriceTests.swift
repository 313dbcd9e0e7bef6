import PeerletBytecode
import PeerletRuntime
import Testing
import Wire

@Suite struct PriceTests {
    /// What one successful or refused call costs is what the table says.
    @Test(arguments: HostCall.allCases)
    func `fuel is that of the price table`(call: HostCall) throws {
        let info = HostABI.info(call)
        for size in [0, 1, 7, 33, 60] as [Int64] {
            var script = Script()
            let data = script.bytes(FullRing(size: 8).nodes[2].wireBytes)
            var arguments = info.parameters.map { $0.hasSuffix("*") ? data : 1 }
            if let index = info.price.sizeParameter { arguments[index] = size }
            script.call(call, list: arguments)
            let bench = try Bench(script)
            let report = bench.run()
            #expect(report.outcome == .completed(result: 0), "\(call) \(size)")
            let price = info.price.fuel(size: UInt64(size)) + Script.firstWrites(report)
            #expect(report.fuelSpent == script.bytecodePrice() + price, "\(call) \(size)")
        }
    }

    @Test(arguments: HostCall.allCases)
    func `one fuel less than the price is too little`(call: HostCall) throws {
        var script = Script()
        let data = script.bytes(FullRing(size: 8).nodes[2].wireBytes)
        let info = HostABI.info(call)
        let arguments = info.parameters.map { $0.hasSuffix("*") ? data : 1 }
        script.call(call, list: arguments)
        let bench = try Bench(script)
        let size = info.price.sizeParameter.map { UInt64(arguments[$0]) } ?? 0
        let price = info.price.fuel(size: size) + Script.firstWrites(bench.run())
        let exact = script.bytecodePrice() + price
        bench.fuel = exact
        #expect(bench.run().outcome == .completed(result: 0))
        bench.fuel = exact - 1
        #expect(bench.run().outcome == .exhausted)
    }
}
