internal import Glibc
internal import NIOCore

/// Why the Unix socket of a node cannot be used (`Spec/wire.md` §5.7).
package enum LocalSocketError: Error, Hashable, Sendable {
    /// Another process answers on it.
    case inUse(path: String)
    /// No process answers on it.
    case noNode(path: String, reason: String)
    case cannotListen(path: String, reason: String)
    /// The other side broke the connection or the protocol.
    case broken(String)
    case timedOut
}

extension LocalSocketError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .inUse(let path): "another node already uses \(path)"
        case .noNode(let path, let reason): "no node answers on \(path): \(reason)"
        case .cannotListen(let path, let reason): "cannot listen on \(path): \(reason)"
        case .broken(let reason): "the node broke the connection: \(reason)"
        case .timedOut: "the node did not answer in time"
        }
    }
}

/// Figures of the Unix socket.
package struct LocalSocketConfiguration: Sendable {
    package var clients = 64
    /// Connections of one process, so that it cannot keep the owner's commands out.
    package var clientsPerProcess = 32
    /// Bytes waiting for one client that does not read; more end its connection.
    package var outboundLimit = 4 << 20
    /// Whose processes may connect, by effective user id: by default the node's own and root's.
    package var isUserAllowed: @Sendable (UInt32) -> Bool = { $0 == geteuid() || $0 == 0 }

    package init() {}
}

/// Who is on the other end of a Unix socket: the layout of Linux's `struct ucred`.
struct SocketCredentials: Sendable {
    var process: Int32 = 0
    var user: UInt32 = 0
    var group: UInt32 = 0

    /// As the kernel knows them (unix(7), SO_PEERCRED).
    static func peer(of channel: any Channel) -> EventLoopFuture<SocketCredentials> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        return provider.unsafeGetSocketOption(
            level: .socket,
            name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        )
    }
}
