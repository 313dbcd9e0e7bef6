import Foundation
import Testing

@Suite struct BenchCommandTests {
    private static let arguments = ["bench", "dht", "--rate", "20", "--seconds", "1"]

    @Test func `a load is counted, with its latencies`() async throws {
        let ring = try await SharedRing.running
        let output = try await Program.prost.run(
            Self.arguments + ["put", "get", "--node", "dev-1", "--also", "dev-2", "--json"],
            in: ring.folder
        )
        #expect(output.status == 0, "\(output.err)")
        let figures = try output.json
        #expect(figures["sent"] as? Int == 20)
        #expect(figures["answered"] as? Int == 20)
        #expect(figures["first_error"] is NSNull)
        #expect(figures["p99_us"] is Int)
    }

    @Test func `a call without an answer counts as one that took until the time-out`() async throws
    {
        let ring = try await SharedRing.running
        let output = try await Program.prost.run(
            Self.arguments + ["put", "putt", "--node", "dev-1", "--timeout", "4321", "--json"],
            in: ring.folder
        )
        #expect(output.status == 0, "\(output.err)")
        let figures = try output.json
        #expect(figures["answered"] as? Int == 10)
        #expect(figures["failed"] as? Int == 10)
        #expect(figures["p99_us"] as? Int == 4_321_000)
    }

    @Test func `a load beyond all bounds is wrong usage`() async throws {
        let output = try await Program.prost.run(
            "bench",
            "dht",
            "put",
            "--seconds",
            "\(Int.max)",
            in: TestFolder()
        )
        #expect(output.status == 64)
        #expect(output.err.contains("seconds 1 to 86400"))
    }

    @Test func `a load that nobody answers says why, in one document`() async throws {
        let ring = try await SharedRing.running
        let arguments = Self.arguments + ["putt", "--node", "dev-1"]
        let json = try await Program.prost.run(arguments + ["--json"], in: ring.folder)
        #expect(json.status == 1)
        let error = try json.error
        #expect((error["message"] as? String)?.contains("putt") == true, "\(json.out)")
        let figures = try #require(error["details"] as? [String: Any])
        #expect(figures["sent"] as? Int == 20)
        #expect(figures["failed"] as? Int == 20)
        #expect((figures["first_error"] as? String)?.contains("putt") == true)
        let text = try await Program.prost.run(arguments, in: ring.folder)
        #expect(text.status == 1)
        #expect(text.out.hasPrefix("sent 20  answered 0  failed 20"))
        #expect(text.err.contains("no call was answered: "))
    }
}
