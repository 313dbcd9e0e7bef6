import Cryptography
import Foundation
import KBR
import NIOCore
import PROSTNode
import PeerletPackage
import Testing

/// A real node whose disk takes no more: what it acknowledged is there afterwards.
@Suite(.serialized) struct FullDiskTests {
    private func call(
        _ method: String,
        _ number: Int,
        _ payload: [UInt8],
        _ ring: ProcessRing
    ) async throws -> ClientResponse {
        let call = ClientCall(
            application: "dht",
            method: method,
            key: .key(named: "key \(number)"),
            payload: payload,
            fuel: 4_000_000,
            timeoutMilliseconds: 5000
        )
        return try await ring.ask(.call(call), at: 0, within: .seconds(8))
    }

    private func value(_ number: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 20_000)
    }

    @Test func `nothing is acknowledged that a full disk did not take`() async throws {
        let package = try Toolchain.build("PeerletASM/dht/dht.pasm")
        let ring = try ProcessRing(trusting: [("dht", package.root)])
        defer { ring.stop() }
        // A write that makes a file larger than this fails, as on a full disk.
        try ring.add(fileLimitKiB: 1500)
        let deployed = try await ring.ask(.deploy(package: package.bytes, locator: ""), at: 0)
        try #require(deployed.status == .done, "\(deployed)")
        var acknowledged = 0
        // In the end there is no answer, for the node ends.
        while acknowledged < 200,
            let answer = try? await call("put", acknowledged, value(acknowledged), ring),
            answer.status == .done
        {
            acknowledged += 1
        }
        #expect((10..<200).contains(acknowledged))
        #expect(ring.awaitExit(0) == 74, "\(ring.logs(2000))")

        try ring.restart(0, wiping: false)
        try await ring.wait(upTo: 20, for: "taking the range over") { status in
            status["ranges_serving"] == .integer(1)
        }
        for number in 0..<acknowledged {
            let answer = try await call("get", number, [], ring)
            #expect(answer.document["payload"] == .bytes(value(number)), "key \(number)")
        }
    }
}
