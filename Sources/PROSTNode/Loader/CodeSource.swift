package import KBR

/// Where a package came from or may be had (`Spec/loading.md` §2).
package enum CodeSource: Hashable, Sendable, CustomStringConvertible {
    /// Asked directly: the previous hop or the origin of a message.
    case node(NodeHandle)
    /// Whoever holds it around the digest's key.
    case ring
    case https(String)
    case file(String)
    /// Handed over by a local client.
    case client
    /// This node's own disk.
    case stored

    package var description: String {
        switch self {
        case .node(let node): node.description
        case .ring: "ring"
        case .https(let url): url
        case .file(let path): "file:\(path)"
        case .client: "local client"
        case .stored: "own store"
        }
    }
}

/// Where the code of one message may be had, as the message tells.
package struct CodeSources: Hashable, Sendable {
    package var previousHop: NodeHandle?
    package var origin: NodeHandle?
    /// Empty for none.
    package var locator: String
    /// The message is a local client's, who may name files.
    package var isLocalClient: Bool

    package init(
        previousHop: NodeHandle? = nil,
        origin: NodeHandle? = nil,
        locator: String = "",
        isLocalClient: Bool = false
    ) {
        self.previousHop = previousHop
        self.origin = origin
        self.locator = locator
        self.isLocalClient = isLocalClient
    }
}

/// Why one source did not give the package.
package struct SourceFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case absent
        case busy
        case silent
        case tooSlow(bytes: UInt64, span: UInt64)
        case tooLarge(UInt64)
        /// More, less or other bytes than it announced.
        case inconsistent(String)
        case wrongDigest
        case refused(LocatorError)
        /// Reported by the driver: connection, HTTP status, file error.
        case failed(String)
    }

    package var source: String
    package var reason: Reason

    package init(source: String, reason: Reason) {
        self.source = source
        self.reason = reason
    }

    package var description: String {
        let why =
            switch reason {
            case .absent: "does not have it"
            case .busy: "stayed busy"
            case .silent: "did not answer"
            case .tooSlow(let bytes, let span): "sent \(bytes) bytes in \(span) ms"
            case .tooLarge(let count): "offers \(count) bytes, over the limit"
            case .inconsistent(let why): why
            case .wrongDigest: "sent a file with another digest"
            case .refused(let error): error.description
            case .failed(let why): why
            }
        return "\(source): \(why)"
    }
}
