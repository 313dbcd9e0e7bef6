package import KBR
package import SansIO
package import Wire

/// Which code this node has, from whom, because of which message: shown by `prost app list`.
package struct LoadRecord: Hashable, Sendable {
    package var digest: PackageDigest
    package var application: ApplicationID
    package var name: String
    package var version: UInt64
    /// Signer epoch; 0 when the root signed.
    package var epoch: UInt64
    package var byteCount: UInt32
    /// As `CodeSource` describes it: `ab12cd34@127.0.0.1:7400`, `ring`, `local client`.
    package var source: String
    /// The message that needed it; empty if none did.
    package var message: [UInt8]
    package var loaded: WallTime
    /// From the first request to the end of verification.
    package var duration: TimeSpan

    static let messageLimit = 32
    static let sourceLimit = 320

    package init(
        digest: PackageDigest,
        application: ApplicationID,
        name: String,
        version: UInt64,
        epoch: UInt64,
        byteCount: UInt32,
        source: String,
        message: [UInt8],
        loaded: WallTime,
        duration: TimeSpan
    ) {
        self.digest = digest
        self.application = application
        self.name = name
        self.version = version
        self.epoch = epoch
        self.byteCount = byteCount
        self.source = source
        self.message = message
        self.loaded = loaded
        self.duration = duration
    }
}

extension LoadRecord: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        digest = try PackageDigest(from: &reader)
        application = try ApplicationID(from: &reader)
        name = try reader.prefixedText("name", limit: 64)
        version = try reader.u64("version")
        epoch = try reader.u64("signer epoch")
        byteCount = try reader.u32("length")
        source = try reader.prefixedText("source", limit: Self.sourceLimit)
        message = try reader.prefixedBytes("message", limit: Self.messageLimit)
        loaded = WallTime(milliseconds: try reader.u64("load time"))
        duration = TimeSpan(nanoseconds: try reader.u64("load duration"))
    }

    package func encode(to writer: inout WireWriter) {
        digest.encode(to: &writer)
        application.encode(to: &writer)
        writer.prefixedText(name)
        writer.u64(version)
        writer.u64(epoch)
        writer.u32(byteCount)
        writer.prefixedText(source)
        writer.prefixedBytes(message)
        writer.u64(loaded.milliseconds)
        writer.u64(duration.nanoseconds)
    }
}
