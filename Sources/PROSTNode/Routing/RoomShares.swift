package import KBR

/// Whom an entry of a bounded table is for.
package struct RoomHolder: Hashable, Sendable {
    /// The node it came from; nil at its source.
    package var link: Identifier?
    /// Nil for what is the node's own.
    package var application: ApplicationID?

    package init(link: Identifier? = nil, application: ApplicationID? = nil) {
        self.link = link
        self.application = application
    }
}

/// Shares of a bounded table (`Spec/node.md` §3.1): no link, and no application of this node,
/// holds more than what is left free, however much it wants.
///
/// The application of a message from elsewhere is its sender's claim and counts for nothing, or
/// anyone could use up the share of another's application.
package struct RoomShares: Sendable {
    private var links = IdentifierMap<Int>()
    private var applications: [ApplicationID: Int] = [:]
    private let capacity: Int

    package init(capacity: Int) { self.capacity = capacity }

    /// Places that are only for this node's own applications and itself.
    private var reserve: Int { capacity / 16 }

    /// Whether the holder may have one more place of the `free` ones.
    package func admit(_ holder: RoomHolder, free: Int) -> Bool {
        if let link = holder.link { return (links[link] ?? 0) < free - reserve }
        return (holder.application.flatMap { applications[$0] } ?? 0) < free
    }

    package mutating func take(_ holder: RoomHolder) {
        if let link = holder.link {
            links[link] = (links[link] ?? 0) + 1
        } else if let application = holder.application {
            applications[application, default: 0] += 1
        }
    }

    package mutating func giveBack(_ holder: RoomHolder) {
        if let link = holder.link {
            Self.decrease(&links[link])
        } else if let application = holder.application {
            Self.decrease(&applications[application])
        }
    }

    private static func decrease(_ count: inout Int?) {
        count = count.flatMap { $0 > 1 ? $0 - 1 : nil }
    }
}
