internal import Chord
internal import KBR
internal import PeerletRuntime
internal import SansIO

// The node's own durable state: its ring, whom it knows there, what it hosts.
extension Node {
    mutating func restore(from stored: StoredNode) {
        rangeRows = stored.rangeRows
        hostedBefore = stored.hosted
        restored = Set(stored.hosted.keys)
        if let record = stored.ring {
            chordInput(.restore(record))
            contacts = record.contacts
            wasFormed = true
        }
    }

    /// Applications of the last run come back before they are asked for, as many at once as the
    /// loader takes; the others follow when a load ends, and then what was offered meanwhile.
    ///
    /// A replica must not wait for a message to know its promises.
    mutating func rehost() {
        for (application, code) in hostedBefore.sorted(by: { $0.key < $1.key }) {
            guard !loader.isFull else { return }
            // One at its own limit waits and holds up no other; what ends here begins others.
            guard loader.hasRoom(for: application, from: nil), hostedBefore[application] != nil
            else { continue }
            hostedBefore[application] = nil
            _ = self.code(
                application: application,
                code,
                previous: nil,
                origin: nil,
                message: Array("restart".utf8),
                waiting: nil
            )
        }
        for (offer, peer) in takeOffers() { offered(offer, by: peer) }
    }

    mutating func storeForNode(_ batch: StoreBatch, as owner: BatchOwner = .node) {
        let number = uniqueNumber()
        batches[number] = owner
        effects(.commit(batch, batch: number))
    }

    mutating func storeForNode(_ write: StoreWrite, as owner: BatchOwner = .node) {
        var batch = StoreBatch()
        batch.writes.append(write)
        storeForNode(batch, as: owner)
    }

    /// The record of the formed ring is durable; without it nobody is told, and the node ends.
    mutating func formedIsDurable() {
        formedWrites -= 1
        // A node that entered a ring anew meanwhile waits for its latest record.
        guard formedWrites == 0 else { return }
        let held = heldRingMessages ?? []
        heldRingMessages = nil
        for (message, peer) in held { send(.chord, message, to: peer) }
    }

    mutating func formed(_ record: RingRecord) {
        wasFormed = true
        contacts = record.contacts
        heldRingMessages = heldRingMessages ?? []
        formedWrites += 1
        storeForNode(NodeRows.write(NodeRows.ring, NodeRows.bytes(contacts)), as: .formed)
        log(.info, "ring.formed", ["members": "\(record.contacts.count)"])
    }

    /// Keeps the ring's contacts fresh, for a restart after everybody's address changed.
    mutating func remember(_ near: [NodeHandle]) {
        guard wasFormed, !near.isEmpty else { return }
        var known = near
        for contact in contacts where !known.contains(where: { $0.id == contact.id }) {
            known.append(contact)
        }
        known = Array(known.prefix(24))
        guard Set(known) != Set(contacts) else { return }
        contacts = known
        storeForNode(NodeRows.write(NodeRows.ring, NodeRows.bytes(contacts)))
    }

    /// Follows what a range keeper writes, so that its rows are at hand if it starts again.
    mutating func remember(_ batch: StoreBatch) {
        for write in batch.writes where write.space == .node {
            rangeRows.removeAll { $0.key == write.key }
            if let value = write.value { rangeRows.append(StoreRow(key: write.key, value: value)) }
        }
    }
}
