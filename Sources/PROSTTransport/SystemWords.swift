internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Why an address or socket could not be reached, in a few words: the errors of the network library
/// name its functions and repeat themselves for every address tried.
enum SystemWords {
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else {
                return "\(error.host) has no address"
            }
            return reason(first.error)
        case let error as IOError: return reason(errno: error.errnoCode)
        case ChannelError.connectTimeout: return "no answer"
        default: return "\(error)"
        }
    }

    private static func reason(errno code: CInt) -> String {
        switch code {
        case ENOENT: return "there is no socket"
        case ECONNREFUSED: return "nobody listens there"
        case EACCES: return "no permission"
        default: return unsafe String(cString: strerror(code))
        }
    }
}
