package import KBR
package import PeerletRuntime
package import Wire

/// A message on its way to the root of a key, or to one node (`Spec/wire.md` §7).
package struct RoutedMessage: Hashable, Sendable {
    package struct Flags: OptionSet, Hashable, Sendable {
        package let rawValue: UInt16
        package init(rawValue: UInt16) { self.rawValue = rawValue }

        /// To the node whose identifier is the destination, without `forward` on the way.
        package static let direct = Flags(rawValue: 1 << 0)
        /// The origin waits for a reply.
        package static let request = Flags(rawValue: 1 << 1)
        /// A retry by the origin: it may have been delivered before.
        package static let resent = Flags(rawValue: 1 << 2)
        /// No further `forward` upcalls.
        package static let silent = Flags(rawValue: 1 << 3)
        /// Each hop notes itself in the trace extension.
        package static let traced = Flags(rawValue: 1 << 4)
        package static let all: Flags = [.direct, .request, .resent, .silent, .traced]
    }

    /// Where the code of the application may be had.
    package struct Code: Hashable, Sendable {
        /// SHA-256 of the package file.
        package var digest: Identifier
        package var version: UInt64
        /// `ring:sha256:…` or `https:…`; empty if only the hops have it.
        package var locator: String

        package init(digest: Identifier, version: UInt64, locator: String) {
            self.digest = digest
            self.version = version
            self.locator = locator
        }
    }

    package static let version: UInt8 = 1
    /// Room for every path that is not a loop (2 log2 of a million nodes).
    package static let initialTimeToLive: UInt8 = 40

    package var flags: Flags = []
    package var id: MessageID
    /// The origin's retry in the high nibble, reroutes by hops in the low one.
    package var attempt: UInt8 = 0
    package var destination: Identifier
    package var application: ApplicationID
    /// The application that sent it, when it is another one.
    package var sourceApplication: ApplicationID?
    /// 0: per-hop, 1: end-node.
    package var applicationType: UInt8
    package var hopMode: HopMode
    /// How many nodes of the replica set have refused it.
    package var rank: UInt8 = 0
    package var type: UInt16
    package var hops: UInt8 = 0
    package var timeToLive: UInt8 = RoutedMessage.initialTimeToLive
    /// Milliseconds until it is dropped; each hop subtracts its holding time.
    package var remaining: UInt32
    /// Fuel for everything it causes.
    package var budget: UInt64
    package var origin: NodeHandle
    /// Who is charged: SHA-256 of the client's or provider's key, zero if unknown.
    package var principal: Identifier = .zero
    package var code: Code
    /// In consistent stores, the configured arc that the sender acts for (`Spec/consistency.md`).
    package var range: RangeStamp?
    /// Present in requests.
    package var replyHandle: ReplyHandle?
    /// Nodes passed, in traced messages.
    package var trace: [NodeHandle] = []
    package var payload: [UInt8]

    package init(
        id: MessageID,
        destination: Identifier,
        application: ApplicationID,
        applicationType: UInt8,
        hopMode: HopMode,
        type: UInt16,
        remaining: UInt32,
        budget: UInt64,
        origin: NodeHandle,
        code: Code,
        payload: [UInt8]
    ) {
        self.id = id
        self.destination = destination
        self.application = application
        self.applicationType = applicationType
        self.hopMode = hopMode
        self.type = type
        self.remaining = remaining
        self.budget = budget
        self.origin = origin
        self.code = code
        self.payload = payload
    }
}

extension RoutedMessage: WireCodable {
    package var usualByteCount: Int {
        352 + trace.count * NodeHandle.byteCount + payload.count + code.locator.utf8.count
    }

    package init(from reader: inout WireReader) throws(WireError) {
        let version = try reader.u8("message version")
        guard version == Self.version else {
            throw reader.error("message version", .invalid("\(version) is not spoken here"))
        }
        flags = Flags(rawValue: try reader.u16("message flags"))
        guard flags.isSubset(of: .all) else {
            throw reader.error("message flags", .invalid("unknown flag"))
        }
        id = try MessageID(from: &reader)
        attempt = try reader.u8("attempt")
        destination = try Identifier(from: &reader)
        application = try ApplicationID(from: &reader)
        applicationType = try reader.u8("application type")
        guard applicationType <= 1 else {
            throw reader.error("application type", .invalid("neither per-hop nor end-node"))
        }
        guard let mode = HopMode(rawValue: try reader.u8("hop mode")) else {
            throw reader.error("hop mode", .invalid("unknown"))
        }
        hopMode = mode
        rank = try reader.u8("rank")
        type = try reader.u16("message type")
        hops = try reader.u8("hop count")
        timeToLive = try reader.u8("time to live")
        remaining = try reader.u32("remaining time")
        budget = try reader.u64("budget")
        origin = try NodeHandle(from: &reader)
        principal = try Identifier(from: &reader)
        code = try Code(from: &reader)
        payload = try reader.prefixedBytes("payload", limit: WireLimits.payload)
        try decodeExtensions(from: &reader)
        guard flags.contains(.request) == (replyHandle != nil) else {
            throw reader.error("reply handle", .invalid("present in requests and nowhere else"))
        }
    }

    package func encode(to writer: inout WireWriter) {
        writer.u8(Self.version)
        writer.u16(flags.rawValue)
        id.encode(to: &writer)
        writer.u8(attempt)
        destination.encode(to: &writer)
        application.encode(to: &writer)
        writer.u8(applicationType)
        writer.u8(hopMode.rawValue)
        writer.u8(rank)
        writer.u16(type)
        writer.u8(hops)
        writer.u8(timeToLive)
        writer.u32(remaining)
        writer.u64(budget)
        origin.encode(to: &writer)
        principal.encode(to: &writer)
        code.encode(to: &writer)
        writer.prefixedBytes(payload)
        encodeExtensions(to: &writer)
    }
}

extension RoutedMessage.Code: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        digest = try Identifier(from: &reader)
        version = try reader.u64("package version")
        locator = try reader.prefixedText("code locator", limit: WireLimits.locator)
    }

    package func encode(to writer: inout WireWriter) {
        digest.encode(to: &writer)
        writer.u64(version)
        writer.prefixedText(locator)
    }
}

// Extensions follow the fixed header as (type, length, bytes) in rising order of their types;
// unknown ones are skipped here and not passed on (`Spec/wire.md` §7.2).
extension RoutedMessage {
    fileprivate enum ExtensionType: UInt64 {
        case replyHandle = 1
        case sourceApplication = 2
        case trace = 3
        case range = 4
    }

    /// Most nodes noted in a trace: as many as a message may pass.
    private static let traceLimit = Int(RoutedMessage.initialTimeToLive)

    private mutating func decodeExtensions(from reader: inout WireReader) throws(WireError) {
        let count = try reader.varint("extension count", limit: UInt64(WireLimits.extensions))
        var previous: UInt64 = 0
        for _ in 0..<count {
            let type = try reader.varint("extension type")
            guard type > previous else {
                throw reader.error("extension type", .notCanonical("types must rise"))
            }
            previous = type
            let length = try reader.varint(
                "extension length",
                limit: UInt64(WireLimits.extensionLength * 3)
            )
            var body = try reader.slice(Int(length), "extension")
            switch ExtensionType(rawValue: type) {
            case .replyHandle: replyHandle = try ReplyHandle(from: &body)
            case .sourceApplication: sourceApplication = try ApplicationID(from: &body)
            case .trace:
                let passed = try body.handles("trace")
                guard passed.count <= Self.traceLimit else {
                    throw body.error(
                        "trace",
                        .tooLarge(value: UInt64(passed.count), limit: UInt64(Self.traceLimit))
                    )
                }
                trace = passed
            case .range: range = try RangeStamp(from: &body)
            case nil: continue
            }
            try body.expectEnd("extension")
        }
    }

    private func encodeExtensions(to writer: inout WireWriter) {
        var count: UInt64 = replyHandle == nil ? 0 : 1
        if sourceApplication != nil { count += 1 }
        if !trace.isEmpty { count += 1 }
        if range != nil { count += 1 }
        writer.varint(count)
        if let replyHandle {
            writer.head(of: .replyHandle, length: ReplyHandle.byteCount)
            replyHandle.encode(to: &writer)
        }
        if let sourceApplication {
            writer.head(of: .sourceApplication, length: Identifier.byteCount)
            sourceApplication.encode(to: &writer)
        }
        if !trace.isEmpty {
            let passed = trace.prefix(Self.traceLimit)
            // The count of at most forty is one byte.
            writer.head(of: .trace, length: 1 + passed.count * NodeHandle.byteCount)
            writer.varint(UInt64(passed.count))
            for node in passed { node.encode(to: &writer) }
        }
        if let range {
            let body = range.wireBytes
            writer.head(of: .range, length: body.count)
            writer.raw(body)
        }
    }
}

extension WireWriter {
    fileprivate mutating func head(of type: RoutedMessage.ExtensionType, length: Int) {
        varint(type.rawValue)
        varint(UInt64(length))
    }
}
