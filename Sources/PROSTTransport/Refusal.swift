internal import Wire

/// Why a node does not accept a peer, as told to that peer (`Spec/wire.md` §4.4).
package struct Refusal: Error, Hashable, Sendable {
    package enum Reason: UInt8, CaseIterable, Sendable {
        case malformed = 1
        case protocolVersion = 2
        case ringName = 3
        case ringParameters = 4
        case priceTable = 5
        case identity = 6
        case joinTokenRequired = 7
        case joinTokenInvalid = 8
        case joinTokenExpired = 9
        case connectionLimit = 10
        case selfConnection = 11
        case shuttingDown = 12
        case unexpectedFrame = 13
    }

    package var reason: Reason
    /// One line for a person, at most 255 bytes on the wire.
    package var detail: String

    package init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}

extension Refusal: CustomStringConvertible {
    package var description: String { "\(reason.phrase): \(detail)" }
}

extension Refusal.Reason {
    /// Whether to ask again, or somebody else, is no use.
    package var isFinal: Bool {
        switch self {
        case .connectionLimit, .selfConnection, .shuttingDown: false
        default: true
        }
    }

    /// The reason in words.
    package var phrase: String {
        switch self {
        case .malformed: "malformed handshake"
        case .protocolVersion: "no common protocol version"
        case .ringName: "another ring"
        case .ringParameters: "other ring parameters"
        case .priceTable: "another price table"
        case .identity: "identifier not proved"
        case .joinTokenRequired: "join token required"
        case .joinTokenInvalid: "join token not valid"
        case .joinTokenExpired: "join token expired"
        case .connectionLimit: "no free connection slot"
        case .selfConnection: "a node cannot be its own peer"
        case .shuttingDown: "node is shutting down"
        case .unexpectedFrame: "unexpected frame"
        }
    }
}

/// Why a connection ends on purpose; the last frame on it (`Spec/wire.md` §5.4).
package struct Goodbye: Hashable, Sendable {
    package enum Reason: UInt8, CaseIterable, Sendable {
        case leaving = 1
        case replaced = 2
        case idle = 3
        case violation = 4
        case makingRoom = 5
    }

    package var reason: Reason
    /// One line for a person, at most 255 bytes on the wire.
    package var detail: String

    package init(_ reason: Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }
}

/// Why a connection is gone.
package enum ConnectionEnd: Error, Hashable, Sendable {
    package enum Deadline: String, Sendable { case handshake, frame, idle, write, goodbye }

    /// The peer refused us.
    case refusedByPeer(Refusal)
    /// We refused the peer.
    case refused(Refusal)
    /// The peer said why it closes.
    case goodbye(Goodbye)
    /// We said why we close.
    case closed(Goodbye)
    /// The node that answered is not the one that was dialled.
    case identityMismatch(String)
    /// The peer broke the protocol.
    case violation(String)
    /// TLS failed or was not what is required.
    case tls(String)
    case timeout(Deadline)
    /// Nothing answered at the address.
    case unreachable(String)
    /// The peer vanished without a goodbye.
    case disconnected
    /// No free slot for one more connection.
    case connectionLimit
    /// This transport was shut down.
    case shutdown
}

extension ConnectionEnd: CustomStringConvertible {
    package var description: String {
        switch self {
        case .refusedByPeer(let refusal): "the peer refused: \(refusal)"
        case .refused(let refusal): "refused the peer: \(refusal)"
        case .goodbye(let goodbye): "the peer closed (\(goodbye.reason)): \(goodbye.detail)"
        case .closed(let goodbye): "closed (\(goodbye.reason)): \(goodbye.detail)"
        case .identityMismatch(let what): "not the node that was dialled: \(what)"
        case .violation(let what): "protocol violation: \(what)"
        case .tls(let what): "TLS: \(what)"
        case .timeout(let deadline): "\(deadline.rawValue) time-out"
        case .unreachable(let what): "not reachable: \(what)"
        case .disconnected: "the connection broke"
        case .connectionLimit: "no free connection slot"
        case .shutdown: "the transport is shut down"
        }
    }
}
