package import KBR
package import PeerletRuntime
internal import SansIO
package import Wire

/// Everything a node asks of the world around it.
///
/// Effects are carried out in order; in particular a `send` after a `commit` does not wait for it:
/// the core holds back what must wait.
package enum NodeEffect: Sendable {
    package enum Priority: Hashable, Sendable {
        case control
        case bulk
    }

    case send(Frame, to: NodeHandle, Priority)
    indirect case execute(Invocation)
    /// Keep or undo what the last upcall of an instance did to its memory; comes before the next
    /// `execute` of that instance.
    indirect case finish(invocation: UInt64, InstanceID, isAccepted: Bool)
    indirect case dropInstance(InstanceID)
    /// Check signature, verify and translate a package in a lane.
    indirect case check(CodeCheck)
    /// Make a batch durable and say so with `committed`; batches become durable in order.
    case commit(StoreBatch, batch: UInt64)
    /// Read a page of durable rows with `ArcScan`.
    indirect case readRows(request: UInt64, ApplicationID, arc: RingInterval, after: [UInt8]?)
    indirect case readDigest(request: UInt64, ApplicationID, arc: RingInterval)
    /// Count what is charged to an application's storage with `StoreReader.usage(of:)`.
    case readUsage(ApplicationID)
    /// Read what an instance wrote of itself with `SnapshotRows`.
    indirect case readSnapshot(request: UInt64, InstanceID)
    /// Fetch a package from a place that the policy allows, off the event loop.
    indirect case download(CodeDownload)
    /// End a download; its outcome is not waited for.
    case cancelDownload(PackageDigest, attempt: UInt64)
    case respond(client: UInt64, Frame)
    /// The peers that must keep their connections.
    case neighbors([NodeHandle])
    case log(NodeEvent)
    case left
}

/// What a node tells its operator.
package struct NodeEvent: Hashable, Sendable {
    package enum Level: UInt8, Hashable, Comparable, Sendable {
        case debug, info, warning, error

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package var level: Level
    /// A stable name: `ring.formed`, `code.loaded`, `limit.hit`.
    package var name: String
    package var fields: [(name: String, value: String)]

    package init(_ level: Level, _ name: String, _ fields: KeyValuePairs<String, String> = [:]) {
        self.level = level
        self.name = name
        self.fields = fields.map { (name: $0.key, value: $0.value) }
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.level == right.level && left.name == right.name
            && left.fields.map(\.name) == right.fields.map(\.name)
            && left.fields.map(\.value) == right.fields.map(\.value)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(level)
        hasher.combine(name)
    }
}
