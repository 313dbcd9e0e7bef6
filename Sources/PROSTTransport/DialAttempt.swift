internal import KBR
internal import NIOCore

/// One dial, from the first address tried to the acceptance or the failure.
///
/// A host name may have several addresses and so several channels; the one that connects first
/// becomes `connection` and alone decides.
final class DialAttempt {
    /// The peer this dial serves, nil if only an address is known.
    let expected: Identifier?
    /// Whom to tell.
    private var completion: ((Result<PeerIdentity, ConnectionEnd>) -> Void)?
    private(set) var connection: RingConnection?

    init(
        expected: Identifier?,
        completion: @escaping (Result<PeerIdentity, ConnectionEnd>) -> Void
    ) {
        self.expected = expected
        self.completion = completion
    }

    var isComplete: Bool { completion == nil }

    func connected(_ connection: RingConnection) {
        self.connection = connection
        if let end = connection.end { complete(.failure(end)) }
    }

    func opened(_ connection: RingConnection, _ peer: PeerIdentity) {
        self.connection = connection
        complete(.success(peer))
    }

    func ended(_ connection: RingConnection, _ end: ConnectionEnd) {
        if self.connection === connection { complete(.failure(end)) }
    }

    func complete(_ result: Result<PeerIdentity, ConnectionEnd>) {
        guard let completion else { return }
        self.completion = nil
        connection = nil
        completion(result)
    }
}
