internal import Foundation
internal import PROSTNode

/// Standard error, where everything goes that is no result.
enum Terminal {
    static func error(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }
}

/// Numbers with their nouns.
enum Words {
    /// "1 node", "2 nodes".
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    static func count(_ number: Int64, _ noun: String) -> String { count(Int(number), noun) }
}

/// Documents as JSON, with Foundation's encoder.
enum JSONText {
    static func line(_ document: Document) -> String { text(document, []) }

    static func pretty(_ document: Document) -> String { text(document, [.prettyPrinted]) }

    private static func text(
        _ document: Document,
        _ formatting: JSONEncoder.OutputFormatting
    ) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        guard let data = try? encoder.encode(EncodableDocument(document: document)) else {
            return "null"
        }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Bytes are base64, as `JSONEncoder` writes them.
private struct EncodableDocument: Encodable {
    var document: Document

    private struct Key: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    func encode(to encoder: any Encoder) throws {
        switch document {
        case .object(let fields):
            var container = encoder.container(keyedBy: Key.self)
            for field in fields {
                try container.encode(
                    EncodableDocument(document: field.value),
                    forKey: Key(stringValue: field.name)
                )
            }
        case .list(let items):
            var container = encoder.unkeyedContainer()
            for item in items { try container.encode(EncodableDocument(document: item)) }
        default:
            var container = encoder.singleValueContainer()
            try encodeScalar(to: &container)
        }
    }

    private func encodeScalar(to container: inout any SingleValueEncodingContainer) throws {
        switch document {
        case .flag(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .text(let value): try container.encode(value)
        case .bytes(let value): try container.encode(Data(value))
        case .null, .list, .object: try container.encodeNil()
        }
    }
}

extension Document {
    /// A field as people read it; "-" when it is absent.
    func text(_ name: String) -> String { self[name]?.plainText ?? "-" }

    var plainText: String {
        switch self {
        case .null: "-"
        case .flag(let value): value ? "yes" : "no"
        case .integer(let value): String(value)
        case .text(let value): value
        case .bytes(let value): String(decoding: value, as: UTF8.self)
        case .list(let items): items.map(\.plainText).joined(separator: " ")
        case .object: "{…}"
        }
    }

    func integer(_ name: String) -> Int64 {
        if case .integer(let value)? = self[name] { value } else { 0 }
    }

    func list(_ name: String) -> [Document] {
        if case .list(let items)? = self[name] { items } else { [] }
    }

    var items: [Document] {
        if case .list(let items) = self { items } else { [] }
    }

    /// The first eight digits of an identifier.
    func short(_ name: String) -> String { String(text(name).prefix(8)) }
}
