package import PROSTNode
package import PROSTTransport
package import Wire

/// The clients on the Unix socket, and how many requests of each are open (`Spec/wire.md` §5.7).
package struct LocalClients {
    /// Of one client; more are answered at once with "try again".
    package static let openRequests = 1024

    private struct Client {
        var id: LocalClientID
        var open = 0
    }

    private var clients: [UInt64: Client] = [:]

    package init() {}

    package mutating func add(_ id: LocalClientID) { clients[id.number] = Client(id: id) }

    package mutating func remove(_ id: LocalClientID) { clients[id.number] = nil }

    /// Counts a request; false if the client has too many open.
    package mutating func begin(_ id: LocalClientID) -> Bool {
        guard let client = clients[id.number], client.open < Self.openRequests else { return false }
        clients[id.number]?.open += 1
        return true
    }

    /// The client that a frame of the core is for; nil when it is gone.
    package mutating func recipient(_ number: UInt64, of frame: Frame) -> LocalClientID? {
        guard let client = clients[number] else { return nil }
        if frame.kind == ClientFrameKind.response.rawValue, ClientResponse.isLast(frame.body) {
            clients[number]?.open -= 1
        }
        return client.id
    }

    package static func refusal(of request: ClientRequest) -> Frame {
        let response = ClientResponse(
            number: request.number,
            status: .temporary,
            document: .object([
                .init("message", .text("\(openRequests) requests of this client are open")),
                .init("hint", .text("wait for answers before asking more")),
            ])
        )
        return Frame(kind: ClientFrameKind.response.rawValue, body: response.wireBytes)
    }
}
