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

/// Shares of a bounded table (`Spec/node.md` §3.1): no link and no application holds more than
/// what is left free, so that whoever comes next finds room, however much the others want.
package struct RoomShares: Sendable {
    private var links = IdentifierMap<Int>()
    private var applications: [ApplicationID: Int] = [:]

    package init() {}

    /// Whether the holder may have one more place of the `free` ones.
    package func admit(_ holder: RoomHolder, free: Int) -> Bool {
        let byLink = holder.link.flatMap { links[$0] } ?? 0
        let byApplication = holder.application.flatMap { applications[$0] } ?? 0
        return max(byLink, byApplication) < free
    }

    package mutating func take(_ holder: RoomHolder) {
        if let link = holder.link { links[link] = (links[link] ?? 0) + 1 }
        if let application = holder.application { applications[application, default: 0] += 1 }
    }

    package mutating func giveBack(_ holder: RoomHolder) {
        if let link = holder.link { Self.decrease(&links[link]) }
        if let application = holder.application { Self.decrease(&applications[application]) }
    }

    private static func decrease(_ count: inout Int?) {
        count = count.flatMap { $0 > 1 ? $0 - 1 : nil }
    }
}
