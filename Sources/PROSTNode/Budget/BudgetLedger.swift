/// Fuel that entered this node in messages and where it went (`Spec/node.md` §6).
///
/// At every moment injected + received = spent + sent + burned + what messages here still hold;
/// over the whole ring work done is therefore never more than fuel injected.
package struct BudgetLedger: Hashable, Sendable {
    /// Minted here: by local clients, and by upcalls that no message pays for.
    package private(set) var injected: UInt64 = 0
    /// In messages, replies and acknowledgements accepted from other nodes.
    package private(set) var received: UInt64 = 0
    /// Paid for upcalls.
    package private(set) var spent: UInt64 = 0
    /// Passed on to other nodes.
    package private(set) var sent: UInt64 = 0
    /// Left over when a message ended, clamped away, or lost with a connection.
    package private(set) var burned: UInt64 = 0

    package init() {}

    package var held: UInt64 { injected &+ received &- spent &- sent &- burned }

    mutating func inject(_ fuel: UInt64) { injected &+= fuel }
    mutating func receive(_ fuel: UInt64) { received &+= fuel }
    mutating func spend(_ fuel: UInt64) { spent &+= fuel }
    mutating func send(_ fuel: UInt64) { sent &+= fuel }
    mutating func burn(_ fuel: UInt64) { burned &+= fuel }
}

extension Node {
    /// What messages on their way, waiting and running upcalls and open requests hold: always equal
    /// to the ledger's `held`.
    package var fuelHeld: UInt64 {
        instances.values.reduce(passages.heldFuel &+ requests.heldFuel) { $0 &+ $1.heldFuel }
    }
}

/// How a budget is divided; nothing here makes fuel.
package enum BudgetRules {
    /// What a hop keeps back for a reroute: a quarter of what it has.
    package static func retryReserve(of budget: UInt64) -> UInt64 { budget / 4 }

    /// What a request sets aside for the upcall that will take its reply: an eighth.
    package static func replyShare(of budget: UInt64) -> UInt64 { budget / 8 }

    /// Divides what an upcall left among its sends: those that asked for an amount are served
    /// first in order, the rest share what remains equally.
    package static func shares(of budget: UInt64, asked: [UInt64]) -> [UInt64] {
        var rest = budget
        var shares = [UInt64](repeating: 0, count: asked.count)
        for (index, amount) in asked.enumerated() where amount > 0 {
            shares[index] = min(amount, rest)
            rest -= shares[index]
        }
        let open = asked.indices.filter { asked[$0] == 0 }
        for (position, index) in open.enumerated() {
            let share = rest / UInt64(open.count - position)
            shares[index] = share
            rest -= share
        }
        return shares
    }
}
