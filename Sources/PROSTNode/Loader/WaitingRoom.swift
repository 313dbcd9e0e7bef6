package import KBR

/// A message that cannot go on before its code is here.
package struct WaitingMessage: Hashable, Sendable {
    /// The node's own name for the message it parked.
    package var token: UInt64
    package var application: ApplicationID
    /// The neighbour it came from; nil for local clients and this node itself.
    package var link: Identifier?
    package var byteCount: UInt64

    package init(token: UInt64, application: ApplicationID, link: Identifier?, byteCount: UInt64) {
        self.token = token
        self.application = application
        self.link = link
        self.byteCount = byteCount
    }
}

/// Counts what waits for code, by application and link, so that neither fills the node's memory.
struct WaitingRoom: Sendable {
    private struct Occupancy: Sendable {
        var messages = 0
        var bytes: UInt64 = 0

        func hasRoom(for more: UInt64, messages limit: Int, bytes byteLimit: UInt64) -> Bool {
            messages < limit && bytes <= byteLimit && more <= byteLimit - bytes
        }
    }

    private var applications: [ApplicationID: Occupancy] = [:]
    private var links: [Identifier?: Occupancy] = [:]

    var isEmpty: Bool { applications.isEmpty && links.isEmpty }

    /// The bound that is in the way; nil once the message is counted.
    mutating func enter(_ message: WaitingMessage, _ limits: LoaderLimits) -> LoadError.Bound? {
        var application = applications[message.application] ?? Occupancy()
        var link = links[message.link] ?? Occupancy()
        // The owner and his clients have room of their own, whatever peers send meanwhile.
        guard
            message.link == nil
                || application.hasRoom(
                    for: message.byteCount,
                    messages: limits.waitingPerApplication,
                    bytes: limits.waitingBytesPerApplication
                )
        else { return .waitingPerApplication }
        guard
            link.hasRoom(
                for: message.byteCount,
                messages: limits.waitingPerLink,
                bytes: limits.waitingBytesPerLink
            )
        else { return .waitingPerLink }
        application.messages += 1
        application.bytes += message.byteCount
        link.messages += 1
        link.bytes += message.byteCount
        applications[message.application] = application
        links[message.link] = link
        return nil
    }

    mutating func leave(_ message: WaitingMessage) {
        Self.remove(message, &applications[message.application])
        Self.remove(message, &links[message.link])
    }

    private static func remove(_ message: WaitingMessage, _ occupancy: inout Occupancy?) {
        guard var left = occupancy else { return }
        left.messages -= 1
        left.bytes -= min(left.bytes, message.byteCount)
        occupancy = left.messages > 0 ? left : nil
    }
}
