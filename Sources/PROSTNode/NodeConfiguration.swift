package import Chord
package import SansIO

/// Everything about a node that its owner may set and its core acts upon.
package struct NodeConfiguration: Sendable {
    /// Name in logs and tables; means nothing to other nodes.
    package var name = "node"
    package var ring = "prost"
    package var chord = ChordConfiguration()
    /// Members of a consistent range, and nodes that may act as root: the ring's replica count.
    package var replicas = 3
    /// Passages at once, messages remembered, reverse paths remembered.
    package var passageLimit = 4096
    package var duplicateLimit = 65_536
    package var reversePathLimit = 65_536
    /// Longest time a message may live, whatever it says.
    package var messageTimeLimit = TimeSpan.seconds(60)
    /// Most fuel a message from another node may bring in.
    package var ingressBudgetLimit: UInt64 = 100_000_000
    /// How long a hop waits for an acknowledgement before it tries another, at most and at least.
    package var acknowledgementTimeout = TimeSpan.milliseconds(400)
    /// Longest time `forward` may take before the message passes unchanged.
    package var forwardTimeLimit = TimeSpan.milliseconds(500)
    /// How long a message waits for a consistent arc to be served before UNSURE is answered.
    package var rangeWait = TimeSpan.seconds(3)
    /// Fuel given to what a local upcall sends when it asks for no amount.
    package var localSendBudget: UInt64 = 200_000
    /// Faults within the window that stop an instance.
    package var faultLimit = 16
    package var faultWindow = TimeSpan.seconds(10)
    /// Longest time a leaving node hands over before it goes anyway.
    package var shutdownGrace = TimeSpan.seconds(10)

    /// Longest time that an instance has for its last upcalls.
    package var stopGrace = TimeSpan.seconds(2)
    /// How long a key's instance has nothing to do before it is put away.
    package var idleTime = TimeSpan.seconds(600)

    package init() {}
}
