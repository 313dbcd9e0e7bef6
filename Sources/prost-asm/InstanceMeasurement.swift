internal import Foundation
internal import PeerletVM

/// Memory of this process for each of many instances that live at once.
enum InstanceMeasurement {
    private static let count = 4000

    /// Bytes of an instance, its touched pages included.
    static func bytes(pages: UInt32) throws -> Double {
        let program = try Verifier.verify(Measurements.toucher(pages: pages))
        guard let entry = program.entryPoint(named: "run") else { return 0 }
        var machines: [Machine] = []
        machines.reserveCapacity(count)
        let before = residentBytes()
        for _ in 0..<count {
            machines.append(try Measurements.touched(program, entry, pages: pages))
        }
        let grown = residentBytes() - before
        return withExtendedLifetime(machines) { Double(grown) / Double(count) }
    }

    private static func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4096 : 0
    }
}
