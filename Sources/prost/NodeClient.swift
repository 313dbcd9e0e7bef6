internal import NIOCore
internal import PROSTNode
internal import PROSTTransport
internal import PeerletBytecode
internal import Wire

/// A command's conversation with one node.
struct NodeClient {
    private let client: LocalSocketClient
    let origin: String
    let path: String

    static func connect(_ target: NodeTarget) async throws -> NodeClient {
        let place = try target.place()
        do {
            return NodeClient(
                client: try await LocalSocketClient.connect(path: place.path),
                origin: place.origin,
                path: place.path
            )
        } catch {
            throw CommandFailure(
                .unreachable,
                "\(error) (node from \(place.origin))",
                hint: place.isOfDevelopmentRing
                    ? "is its ring running? 'prost ring check --all' asks every node; start a ring: "
                        + "prost dev"
                    : "is it running? start it: prost run --data-dir FOLDER --ring NAME"
            )
        }
    }

    /// Sends one command and waits for its last response; earlier parts go to `onPart`.
    func ask(
        _ command: ClientCommand,
        within limit: TimeAmount = .seconds(30),
        onPart: (ClientResponse) -> Void = { _ in }
    ) async throws -> ClientResponse {
        let request = ClientRequest(number: 1, command: command)
        do {
            try await client.send(
                Frame(kind: ClientFrameKind.request.rawValue, body: request.wireBytes)
            )
            while let frame = try await client.receive(within: limit) {
                guard frame.kind == ClientFrameKind.response.rawValue else { continue }
                let response = try ClientResponse(wireBytes: frame.body, "response")
                guard response.number == request.number else { continue }
                if response.isLast { return response }
                onPart(response)
            }
        } catch let error as WireError {
            throw CommandFailure(.internal, "the node's answer is malformed: \(error)")
        } catch LocalSocketError.timedOut {
            throw CommandFailure(.temporary, "the node did not answer in time", hint: "try again")
        } catch {
            throw CommandFailure(.unreachable, "the connection with the node broke: \(error)")
        }
        throw CommandFailure(.unreachable, "the node closed the connection")
    }

    /// Sends one command without waiting for its answer.
    func send(_ command: ClientCommand, number: UInt64) async throws {
        let request = ClientRequest(number: number, command: command)
        try await client.send(
            Frame(kind: ClientFrameKind.request.rawValue, body: request.wireBytes)
        )
    }

    /// The next response to anything sent, nil when the connection ended.
    func next() async throws -> ClientResponse? {
        while let frame = try await client.receive(within: nil) {
            guard frame.kind == ClientFrameKind.response.rawValue else { continue }
            return try ClientResponse(wireBytes: frame.body, "response")
        }
        return nil
    }

    func close() async { await client.close() }

    /// Asks once and gives the document of a good answer.
    static func ask(
        _ command: ClientCommand,
        _ target: NodeTarget,
        within limit: TimeAmount = .seconds(30)
    ) async throws -> Document {
        let client = try await connect(target)
        let response = try await client.ask(command, within: limit)
        await client.close()
        return try response.goodDocument()
    }
}

extension ClientResponse {
    /// The document, or the failure that the response tells of.
    func goodDocument() throws -> Document {
        guard status == .done else {
            throw CommandFailure(
                ExitStatus(status),
                failureText,
                hint: hint,
                details: document["status"] == nil ? .null : document
            )
        }
        return document
    }

    /// What went wrong, for people.
    var failureText: String {
        if case .text(let message)? = document["message"] { return message }
        let number = document.integer("status")
        let words = HostError(rawValue: number)?.words ?? "the answer is no"
        return "\(words) (status \(number) from node \(document.short("node")))"
    }

    private var hint: String? {
        if case .text(let hint)? = document["hint"] { return hint }
        return HostError(rawValue: document.integer("status"))?.advice
    }
}
