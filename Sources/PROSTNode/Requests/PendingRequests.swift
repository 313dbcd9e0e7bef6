internal import KBR
package import PeerletRuntime
internal import SansIO

/// Which instance sent a message, and under which token if it waits for an answer.
package struct SenderReference: Hashable, Sendable {
    package var instance: InstanceID
    package var token: UInt64
    /// No message paid for it, but the instance's own rate.
    package var paidByRate: Bool

    package init(instance: InstanceID, token: UInt64, paidByRate: Bool = false) {
        self.instance = instance
        self.token = token
        self.paidByRate = paidByRate
    }
}

/// Who waits at this node for the answer to a request.
enum RequestWaiter: Hashable, Sendable {
    case instance(InstanceID, token: UInt64)
    /// A local client and the number of its request.
    case client(UInt64, request: UInt64)
}

/// A request of this node that has not been answered in full.
struct PendingRequest: Sendable {
    var waiter: RequestWaiter
    var handle: ReplyHandle
    var deadline: Instant
    /// Sent again until the deadline; nil for requests that a local upcall answers.
    var message: RoutedMessage?
    var hint: NodeHandle?
    var retries: UInt8 = 0
    /// The passage of its latest message.
    var passage: UInt64?
    var isSearching = false
    /// What an iterative search found since routing the message was in vain.
    var turns: ReplicaTurns?
    /// Nodes asked to stand in for the root, once for each time.
    var standIns: [Identifier] = []
    /// Whether its latest message went straight to a node that the search found.
    var isDirected = false
    /// Fuel kept for further tries.
    var retryFuel: UInt64 = 0
    /// Fuel of tries that has not come back.
    var fuelUnderWay: UInt64 = 0
    /// Fuel set aside for the upcall that takes the answer.
    var replyFuel: UInt64 = 0
    var nextSequence: UInt32 = 0
    /// What it leaves to the upcall that takes its answer.
    var fuelLeft: UInt64 { replyFuel + retryFuel }
    /// Who sent the first chunk; chunks of another node's answer are not mixed in.
    var responder: Identifier?
}

/// Requests under way at this node, by the nonce of their reply handles.
struct PendingRequests: Sendable {
    private var byNonce: [UInt64: PendingRequest] = [:]
    private var perInstance: [InstanceID: Int] = [:]

    var count: Int { byNonce.count }

    subscript(nonce: UInt64) -> PendingRequest? { byNonce[nonce] }

    func count(of instance: InstanceID) -> Int { perInstance[instance] ?? 0 }

    mutating func add(_ request: PendingRequest) {
        byNonce[request.handle.nonce] = request
        if case .instance(let id, _) = request.waiter { perInstance[id, default: 0] += 1 }
    }

    mutating func update(_ nonce: UInt64, _ change: (inout PendingRequest) -> Void) {
        guard var request = byNonce[nonce] else { return }
        change(&request)
        byNonce[nonce] = request
    }

    mutating func remove(_ nonce: UInt64) -> PendingRequest? {
        guard let request = byNonce.removeValue(forKey: nonce) else { return nil }
        // Most nodes have none most of the time.
        if byNonce.isEmpty { byNonce = [:] }
        if case .instance(let id, _) = request.waiter, let count = perInstance[id] {
            perInstance[id] = count > 1 ? count - 1 : nil
        }
        return request
    }

    /// Whose the requests are for whose replica sets a search is under way.
    var searchHolders: [RoomHolder] {
        byNonce.values.compactMap { $0.isSearching ? $0.message?.holder(from: nil) : nil }
    }

    /// Nonces of the requests whose waiter satisfies a condition, in order.
    func nonces(where condition: (RequestWaiter) -> Bool) -> [UInt64] {
        byNonce.filter { condition($0.value.waiter) }.keys.sorted()
    }

    var heldFuel: UInt64 {
        byNonce.values.reduce(0) { $0 &+ $1.fuelLeft }
    }
}
