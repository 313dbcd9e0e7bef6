/// Misbehaviour planted in a node by simulations; no configuration has it.
package enum NodeFault: Hashable, Sendable {
    /// Acknowledges routed messages and drops them, also those it is the root of.
    case dropsMessages
    /// Passes them on to a neighbour chosen by chance, wherever they should go.
    case misroutes
}
