package import Chord
package import KBR
package import PeerletRuntime
internal import Wire

/// What a node's own space in its store held at the end of its last run (`Spec/node.md` §7).
package struct StoredNode: Sendable {
    /// Nil if it was never a member of a formed ring.
    package var ring: RingRecord?
    package var code = StoredCode()
    /// Rows of range configurations, of all applications.
    package var rangeRows: [StoreRow] = []
    /// Applications that were hosted, to be loaded again at start.
    package var hosted: [ApplicationID: RoutedMessage.Code] = [:]

    package init() {}

    /// Throws when the disk cannot be read or a row is damaged: a node must not start without
    /// its promises.
    package init(from reader: any StoreReader) throws(StoreError) {
        code = try StoredCode(from: reader)
        if let row = try reader.value(.node, NodeRows.ring) {
            guard let contacts = NodeRows.contacts(row.bytes) else {
                throw StoreError("the ring record in the node's store is damaged")
            }
            ring = RingRecord(contacts: contacts)
        }
        rangeRows = try reader.nodeRows(startingWith: NodeRows.ranges)
        for row in try reader.nodeRows(startingWith: NodeRows.hosted) {
            guard let id = Identifier(bytes: row.key.dropFirst(NodeRows.hosted.count)),
                let code = try? RoutedMessage.Code(wireBytes: row.value.bytes, "hosted code")
            else { throw StoreError("a hosted application in the node's store is damaged") }
            hosted[ApplicationID(id)] = code
        }
    }
}

/// Keys and encodings of the node's own rows; code and ranges have theirs.
enum NodeRows {
    static let ring = Array("ring/record".utf8)
    static let hosted = Array("hosted/".utf8)
    /// What `RangeKeeper.rowPrefix` of every application begins with.
    static let ranges = Array("range".utf8)

    static func write(_ key: [UInt8], _ bytes: [UInt8]?) -> StoreWrite {
        StoreWrite(space: .node, key: key, value: bytes.map { StoredValue(bytes: $0) })
    }

    static func bytes(_ contacts: [NodeHandle]) -> [UInt8] {
        var writer = WireWriter()
        writer.handles(Array(contacts.prefix(WireLimits.handles)))
        return writer.bytes
    }

    static func contacts(_ bytes: [UInt8]) -> [NodeHandle]? {
        var reader = WireReader(bytes)
        guard let contacts = try? reader.handles("contacts"), reader.isAtEnd else { return nil }
        return contacts
    }
}
