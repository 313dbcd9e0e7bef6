import PROSTNode
import PROSTService
import PROSTTransport
import Testing
import Wire

@Suite struct LocalClientsTests {
    private static func response(isLast: Bool) -> Frame {
        let response = ClientResponse(number: 7, status: .done, isLast: isLast, document: .null)
        return Frame(kind: ClientFrameKind.response.rawValue, body: response.wireBytes)
    }

    @Test func `a client with too many open requests waits for answers, another does not`() {
        let greedy = LocalClientID(number: 1)
        let other = LocalClientID(number: 2)
        var clients = LocalClients()
        clients.add(greedy)
        clients.add(other)
        let begun = (0..<LocalClients.openRequests).map { _ in clients.begin(greedy) }
        #expect(!begun.contains(false))
        let isFull = !clients.begin(greedy)
        #expect(isFull)
        let isServed = clients.begin(other)
        #expect(isServed)
        // Parts and pushes end nothing.
        let partTo = clients.recipient(1, of: Self.response(isLast: false))
        #expect(partTo == greedy)
        let push = Frame(
            kind: ClientFrameKind.push.rawValue,
            body: [UInt8](repeating: 1, count: 40)
        )
        let pushTo = clients.recipient(1, of: push)
        #expect(pushTo == greedy)
        let isStillFull = !clients.begin(greedy)
        #expect(isStillFull)
        let answerTo = clients.recipient(1, of: Self.response(isLast: true))
        #expect(answerTo == greedy)
        let next = [clients.begin(greedy), clients.begin(greedy)]
        #expect(next == [true, false])
    }

    @Test func `a client that is gone gets nothing and asks nothing`() {
        let id = LocalClientID(number: 1)
        var clients = LocalClients()
        clients.add(id)
        clients.remove(id)
        let hasBegun = clients.begin(id)
        #expect(!hasBegun)
        let recipient = clients.recipient(1, of: Self.response(isLast: true))
        #expect(recipient == nil)
    }

    @Test func `the refusal of a request says to wait, under its number`() throws {
        let frame = LocalClients.refusal(of: ClientRequest(number: 9, command: .status))
        let response = try ClientResponse(wireBytes: frame.body, "response")
        #expect(response.number == 9)
        #expect(response.status == .temporary)
        #expect(response.isLast)
    }
}
