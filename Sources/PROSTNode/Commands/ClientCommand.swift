package import KBR
package import Wire

/// Kinds of frames on a node's Unix socket (`Spec/wire.md` §12); no ring connection speaks them.
package enum ClientFrameKind: UInt8, Sendable {
    case request = 64
    case response = 65
    /// A message that a peerlet pushes to this client.
    case push = 66
}

/// What a local client asks of its node.
package enum ClientCommand: Hashable, Sendable {
    case status
    case ring
    case lookup(Identifier)
    case applications
    /// Admit a package here and become a source of its code.
    case deploy(package: [UInt8], locator: String)
    /// What the policy says of a package, admitting nothing.
    case explain(package: [UInt8])
    case call(ClientCall)
    case leave
}

/// A `client` upcall of a peerlet on this node.
package struct ClientCall: Hashable, Sendable {
    /// The application's name, or the first digits of its identifier.
    package var application: String
    /// The method's name as the package's manifest lists it, or its number.
    package var method: String
    package var key: Identifier
    package var payload: [UInt8]
    package var fuel: UInt64
    package var timeoutMilliseconds: UInt32

    package init(
        application: String,
        method: String,
        key: Identifier,
        payload: [UInt8],
        fuel: UInt64,
        timeoutMilliseconds: UInt32
    ) {
        self.application = application
        self.method = method
        self.key = key
        self.payload = payload
        self.fuel = fuel
        self.timeoutMilliseconds = timeoutMilliseconds
    }
}

package struct ClientRequest: Hashable, Sendable {
    package var number: UInt64
    package var command: ClientCommand

    package init(number: UInt64, command: ClientCommand) {
        self.number = number
        self.command = command
    }
}

extension ClientRequest: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        number = try reader.u64("request number")
        switch try reader.u8("command") {
        case 1: command = .status
        case 2: command = .ring
        case 3: command = .lookup(try Identifier(from: &reader))
        case 4: command = .applications
        case 5:
            command = .deploy(
                package: try reader.prefixedBytes("package", limit: WireLimits.package),
                locator: try reader.prefixedText("locator", limit: WireLimits.locator)
            )
        case 6:
            command = .explain(
                package: try reader.prefixedBytes("package", limit: WireLimits.package)
            )
        case 7:
            command = .call(
                ClientCall(
                    application: try reader.prefixedText("application", limit: 64),
                    method: try reader.prefixedText("method", limit: 64),
                    key: try Identifier(from: &reader),
                    payload: try reader.prefixedBytes("payload", limit: WireLimits.payload),
                    fuel: try reader.u64("fuel"),
                    timeoutMilliseconds: try reader.u32("time-out")
                )
            )
        case 8: command = .leave
        default: throw reader.error("command", .invalid("unknown"))
        }
    }

    package func encode(to writer: inout WireWriter) {
        writer.u64(number)
        switch command {
        case .status: writer.u8(1)
        case .ring: writer.u8(2)
        case .lookup(let key):
            writer.u8(3)
            key.encode(to: &writer)
        case .applications: writer.u8(4)
        case .deploy(let package, let locator):
            writer.u8(5)
            writer.prefixedBytes(package)
            writer.prefixedText(locator)
        case .explain(let package):
            writer.u8(6)
            writer.prefixedBytes(package)
        case .call(let call):
            writer.u8(7)
            writer.prefixedText(call.application)
            writer.prefixedText(call.method)
            call.key.encode(to: &writer)
            writer.prefixedBytes(call.payload)
            writer.u64(call.fuel)
            writer.u32(call.timeoutMilliseconds)
        case .leave: writer.u8(8)
        }
    }
}

package struct ClientResponse: Hashable, Sendable {
    package var number: UInt64
    package var status: ClientStatus
    /// False: more responses to the same request follow.
    package var isLast: Bool
    package var document: Document

    package init(
        number: UInt64,
        status: ClientStatus,
        isLast: Bool = true,
        document: Document
    ) {
        self.number = number
        self.status = status
        self.isLast = isLast
        self.document = document
    }
}

extension ClientResponse: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        number = try reader.u64("request number")
        guard let status = ClientStatus(rawValue: try reader.u8("status")) else {
            throw reader.error("status", .invalid("unknown"))
        }
        self.status = status
        let last = try reader.u8("last response")
        guard last <= 1 else { throw reader.error("last response", .notCanonical("0 or 1")) }
        isLast = last == 1
        document = try Document(from: &reader)
    }

    /// Whether an encoded response is the last to its request; its document is not looked at.
    package static func isLast(_ body: [UInt8]) -> Bool { body.count > 9 && body[9] == 1 }

    package func encode(to writer: inout WireWriter) {
        writer.u64(number)
        writer.u8(status.rawValue)
        writer.u8(isLast ? 1 : 0)
        document.encode(to: &writer)
    }
}

/// What a peerlet pushes to a client with `cl.push`.
package struct ClientPush: Hashable, Sendable {
    package var application: ApplicationID
    package var type: UInt16
    package var payload: [UInt8]

    package init(application: ApplicationID, type: UInt16, payload: [UInt8]) {
        self.application = application
        self.type = type
        self.payload = payload
    }
}

extension ClientPush: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        application = try ApplicationID(from: &reader)
        type = try reader.u16("type")
        payload = try reader.prefixedBytes("payload", limit: WireLimits.payload)
    }

    package func encode(to writer: inout WireWriter) {
        application.encode(to: &writer)
        writer.u16(type)
        writer.prefixedBytes(payload)
    }
}
