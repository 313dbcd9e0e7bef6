package import KBR
package import PeerletRuntime
package import SansIO

/// A message's wish for its code.
package struct CodeRequest: Hashable, Sendable {
    package var digest: PackageDigest
    package var application: ApplicationID
    /// As the message claims; nil if it does not.
    package var version: UInt64?
    package var sources: CodeSources
    /// Identifier of the message, for the record.
    package var message: [UInt8]
    /// What to resume later; nil to load without waiting.
    package var waiting: WaitingMessage?

    /// The node that causes it; nil if it is this one.
    var link: Identifier? { waiting?.link ?? sources.previousHop?.id }

    package init(
        digest: PackageDigest,
        application: ApplicationID,
        version: UInt64?,
        sources: CodeSources,
        message: [UInt8],
        waiting: WaitingMessage?
    ) {
        self.digest = digest
        self.application = application
        self.version = version
        self.sources = sources
        self.message = message
        self.waiting = waiting
    }
}

package enum CodeAnswer: Sendable {
    /// May be newer than what was asked for: a node that has a newer version keeps it.
    case ready(LoadedPeerlet)
    /// `resume` or `abandon` follows for the message that waits.
    case pending
    case refused(LoadError)
}

/// A download that the service carries out, off the event loop.
package struct CodeDownload: Hashable, Sendable {
    package var digest: PackageDigest
    /// Goes back with the result.
    package var attempt: UInt64
    package var source: CodeSource
    /// The driver reads no further; it tells how far it is, and ends when it is cancelled.
    package var maximumBytes: Int
    package var timeout: TimeSpan
}

/// What the loader asks of the node around it.
package enum LoaderEffect: Sendable {
    /// A FETCH to a node.
    case fetch(CodeFetch, from: NodeHandle)
    /// A FETCH of length 0, routed to the digest's key; who has the package answers directly.
    case probe(CodeFetch, key: Identifier)
    case download(CodeDownload)
    /// Nobody waits for this download any more: what it still brings is ignored.
    case cancelDownload(PackageDigest, attempt: UInt64)
    /// To be run in a lane; the report comes back to `checked`.
    case check(CodeCheck)
    /// Packages, index and floors, to be made durable together.
    case commit(StoreBatch)
    /// These messages can go on.
    case resume([WaitingMessage], LoadedPeerlet)
    case abandon([WaitingMessage], LoadError)
    case loaded(LoadRecord)
}
