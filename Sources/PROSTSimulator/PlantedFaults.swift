package import PROSTNode

extension Simulation {
    /// Makes a running node misbehave until it is restarted; nil ends it.
    package func plant(_ fault: NodeFault?, at index: Int) { hosts[index].node?.fault = fault }
}
