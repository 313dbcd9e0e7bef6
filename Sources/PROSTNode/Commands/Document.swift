package import Wire

/// A structured answer to a command, before it becomes a table or JSON.
package indirect enum Document: Hashable, Sendable {
    case null
    case flag(Bool)
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
    case list([Document])
    /// Fields in the order in which they are shown.
    case object([Field])

    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: Document

        package init(_ name: String, _ value: Document) {
            self.name = name
            self.value = value
        }
    }

    package static func unsigned(_ value: UInt64) -> Document { .integer(Int64(clamping: value)) }

    package static func optional(_ text: String?) -> Document { text.map(Document.text) ?? .null }

    /// The value of a field, nil when there is none of that name or this is no object.
    package subscript(name: String) -> Document? {
        guard case .object(let fields) = self else { return nil }
        return fields.first { $0.name == name }?.value
    }
}

extension Document: WireCodable {
    /// Deepest nesting and largest text or list accepted.
    private static let depthLimit = 12
    private static let lengthLimit = 1 << 20

    package init(from reader: inout WireReader) throws(WireError) {
        self = try Self.decode(from: &reader, depth: 0)
    }

    private static func decode(
        from reader: inout WireReader,
        depth: Int
    ) throws(WireError) -> Document {
        guard depth < depthLimit else {
            throw reader.error("document", .invalid("nested too deeply"))
        }
        switch try reader.u8("document kind") {
        case 0: return .null
        case 1: return .flag(false)
        case 2: return .flag(true)
        case 3: return .integer(try reader.signedVarint("integer"))
        case 4: return .text(try reader.prefixedText("text", limit: lengthLimit))
        case 5: return .bytes(try reader.prefixedBytes("bytes", limit: lengthLimit))
        case 6:
            var items: [Document] = []
            for _ in 0..<(try reader.varint("list length", limit: UInt64(lengthLimit))) {
                items.append(try decode(from: &reader, depth: depth + 1))
            }
            return .list(items)
        case 7:
            var fields: [Field] = []
            for _ in 0..<(try reader.varint("field count", limit: UInt64(lengthLimit))) {
                let name = try reader.prefixedText("field name", limit: 255)
                fields.append(Field(name, try decode(from: &reader, depth: depth + 1)))
            }
            return .object(fields)
        default: throw reader.error("document kind", .invalid("unknown"))
        }
    }

    package func encode(to writer: inout WireWriter) {
        switch self {
        case .null: writer.u8(0)
        case .flag(let isSet): writer.u8(isSet ? 2 : 1)
        case .integer(let value):
            writer.u8(3)
            writer.signedVarint(value)
        case .text(let text):
            writer.u8(4)
            writer.prefixedText(text)
        case .bytes(let bytes):
            writer.u8(5)
            writer.prefixedBytes(bytes)
        case .list(let items):
            writer.u8(6)
            writer.varint(UInt64(items.count))
            for item in items { item.encode(to: &writer) }
        case .object(let fields):
            writer.u8(7)
            writer.varint(UInt64(fields.count))
            for field in fields {
                writer.prefixedText(field.name)
                field.value.encode(to: &writer)
            }
        }
    }
}
