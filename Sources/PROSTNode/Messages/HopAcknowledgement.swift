package import Wire

/// The next hop's answer to one attempt at passing a message on (`Spec/wire.md` §8).
package struct HopAcknowledgement: Hashable, Sendable {
    package enum Verdict: UInt8, Sendable {
        /// Queued; it is the receiver's now.
        case accepted = 0
        /// No room; try another hop or later. Never moves responsibility.
        case busy = 1
        /// Its time or hops are used up.
        case expired = 2
        /// Sent under an older epoch of the receiver's range.
        case stale = 3
    }

    package var id: MessageID
    package var attempt: UInt8
    package var verdict: Verdict

    package init(id: MessageID, attempt: UInt8, verdict: Verdict) {
        self.id = id
        self.attempt = attempt
        self.verdict = verdict
    }
}

extension HopAcknowledgement: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        id = try MessageID(from: &reader)
        attempt = try reader.u8("attempt")
        guard let verdict = Verdict(rawValue: try reader.u8("verdict")) else {
            throw reader.error("verdict", .invalid("unknown"))
        }
        self.verdict = verdict
    }

    package func encode(to writer: inout WireWriter) {
        id.encode(to: &writer)
        writer.u8(attempt)
        writer.u8(verdict.rawValue)
    }
}
