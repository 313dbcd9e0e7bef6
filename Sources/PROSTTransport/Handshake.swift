package import KBR
package import Wire

/// Frame kinds of the transport itself; 10 and above are the node's (`Spec/wire.md` §1.2).
package enum TransportFrameKind {
    package static let hello: UInt8 = 1
    package static let accept: UInt8 = 2
    package static let refuse: UInt8 = 3
    package static let goodbye: UInt8 = 4
    /// Every kind that only the transport may send.
    package static let reserved: ClosedRange<UInt8> = 0...9
}

/// Longest join token and longest text of a refusal or goodbye, bytes (`Spec/wire.md` §2).
package enum HandshakeLimits {
    package static let joinToken = 512
    package static let detail = 255
    package static let extensionLength = 255
}

/// The ring as one side of a handshake describes it.
package struct RingParameters: Hashable, Sendable, WireCodable {
    package var name: String
    package var successorListLength: UInt8
    package var replicaCount: UInt8
    package var priceTable: UInt32

    init(name: String, successorListLength: UInt8, replicaCount: UInt8, priceTable: UInt32) {
        self.name = name
        self.successorListLength = successorListLength
        self.replicaCount = replicaCount
        self.priceTable = priceTable
    }

    package init(from reader: inout WireReader) throws(WireError) {
        name = try reader.prefixedText("ring name", limit: WireLimits.ringName)
        guard !name.isEmpty else { throw reader.error("ring name", .invalid("is empty")) }
        guard !name.hasControlCharacters else {
            throw reader.error("ring name", .invalid("has control characters"))
        }
        successorListLength = try reader.u8("successor list length")
        replicaCount = try reader.u8("replica count")
        priceTable = try reader.u32("price table")
    }

    package func encode(to writer: inout WireWriter) {
        writer.prefixedText(name)
        writer.u8(successorListLength)
        writer.u8(replicaCount)
        writer.u32(priceTable)
    }
}

/// A field that a later version may add; unknown ones are skipped.
package struct HandshakeExtension: Hashable, Sendable {
    package var type: UInt16
    package var value: [UInt8]

    package init(type: UInt16, value: [UInt8]) {
        self.type = type
        self.value = value
    }
}

/// First frame on a connection, from the dialler (`Spec/wire.md` §4.2).
package struct Hello: Hashable, Sendable, WireCodable {
    package var protocolVersions: ClosedRange<UInt16>
    package var ring: RingParameters
    /// The sender as others are to reach it.
    package var node: NodeHandle
    /// Empty for none.
    package var joinToken: [UInt8]
    package var extensions: [HandshakeExtension]

    package init(profile: RingProfile, node: NodeHandle, joinToken: [UInt8] = []) {
        protocolVersions = profile.protocolVersions
        ring = profile.parameters
        self.node = node
        self.joinToken = joinToken
        extensions = []
    }

    /// Reads only the version range, which is the same in every version of the protocol.
    static func versions(
        from reader: inout WireReader
    ) throws(WireError) -> ClosedRange<UInt16> {
        let lowest = try reader.u16("lowest protocol version")
        let highest = try reader.u16("highest protocol version")
        guard lowest <= highest else {
            throw reader.error("protocol versions", .invalid("lowest is above highest"))
        }
        return lowest...highest
    }

    package init(from reader: inout WireReader) throws(WireError) {
        protocolVersions = try Self.versions(from: &reader)
        ring = try RingParameters(from: &reader)
        node = try NodeHandle(from: &reader)
        joinToken = try reader.prefixedBytes("join token", limit: HandshakeLimits.joinToken)
        extensions = try reader.handshakeExtensions()
    }

    package func encode(to writer: inout WireWriter) {
        writer.u16(protocolVersions.lowerBound)
        writer.u16(protocolVersions.upperBound)
        ring.encode(to: &writer)
        node.encode(to: &writer)
        writer.prefixedBytes(joinToken)
        writer.handshakeExtensions(extensions)
    }
}

/// The listener's answer to a hello it accepts, its first frame (`Spec/wire.md` §4.3).
package struct Acceptance: Hashable, Sendable, WireCodable {
    /// The version spoken from now on.
    package var protocolVersion: UInt16
    package var ring: RingParameters
    package var node: NodeHandle
    /// The listener's own; empty for none.
    package var joinToken: [UInt8]
    package var extensions: [HandshakeExtension]

    package init(
        protocolVersion: UInt16,
        profile: RingProfile,
        node: NodeHandle,
        joinToken: [UInt8] = []
    ) {
        self.protocolVersion = protocolVersion
        ring = profile.parameters
        self.node = node
        self.joinToken = joinToken
        extensions = []
    }

    package init(from reader: inout WireReader) throws(WireError) {
        protocolVersion = try reader.u16("protocol version")
        ring = try RingParameters(from: &reader)
        node = try NodeHandle(from: &reader)
        joinToken = try reader.prefixedBytes("join token", limit: HandshakeLimits.joinToken)
        extensions = try reader.handshakeExtensions()
    }

    package func encode(to writer: inout WireWriter) {
        writer.u16(protocolVersion)
        ring.encode(to: &writer)
        node.encode(to: &writer)
        writer.prefixedBytes(joinToken)
        writer.handshakeExtensions(extensions)
    }
}

extension Refusal: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        let code = try reader.u8("refusal reason")
        guard let reason = Reason(rawValue: code) else {
            throw reader.error("refusal reason", .invalid("unknown reason \(code)"))
        }
        self.init(reason, try reader.detail())
    }

    package func encode(to writer: inout WireWriter) {
        writer.u8(reason.rawValue)
        writer.detail(detail)
    }
}

extension Goodbye: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        let code = try reader.u8("goodbye reason")
        guard let reason = Reason(rawValue: code) else {
            throw reader.error("goodbye reason", .invalid("unknown reason \(code)"))
        }
        self.init(reason, try reader.detail())
    }

    package func encode(to writer: inout WireWriter) {
        writer.u8(reason.rawValue)
        writer.detail(detail)
    }
}

extension String {
    fileprivate var hasControlCharacters: Bool {
        unicodeScalars.contains { $0.properties.generalCategory == .control }
    }
}

extension WireReader {
    /// Text for a person; control characters are a trick on whoever reads it in a terminal.
    fileprivate mutating func detail() throws(WireError) -> String {
        let text = try prefixedText("detail", limit: HandshakeLimits.detail)
        guard !text.hasControlCharacters else {
            throw error("detail", .invalid("has control characters"))
        }
        return text
    }

    fileprivate mutating func handshakeExtensions() throws(WireError) -> [HandshakeExtension] {
        let count = try varint("extension count", limit: UInt64(WireLimits.extensions))
        var list: [HandshakeExtension] = []
        for _ in 0..<count {
            let type = try u16("extension type")
            if let last = list.last, last.type >= type {
                throw error("extension type", .notCanonical("types must ascend"))
            }
            let limit = HandshakeLimits.extensionLength
            list.append(
                HandshakeExtension(type: type, value: try prefixedBytes("extension", limit: limit))
            )
        }
        return list
    }
}

extension WireWriter {
    fileprivate mutating func detail(_ text: String) {
        var kept = ""
        var length = 0
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            if length > HandshakeLimits.detail { break }
            kept.unicodeScalars.append(
                scalar.properties.generalCategory == .control ? " " : scalar
            )
        }
        prefixedText(kept)
    }

    fileprivate mutating func handshakeExtensions(_ list: [HandshakeExtension]) {
        varint(UInt64(list.count))
        for item in list {
            u16(item.type)
            prefixedBytes(item.value)
        }
    }
}
