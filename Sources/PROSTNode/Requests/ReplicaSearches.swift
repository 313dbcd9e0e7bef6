internal import Chord
internal import KBR
internal import PeerletPackage
internal import PeerletRuntime
internal import SansIO

// Searches for the replica sets of requests that routing did not bring to an answer
// (`Spec/node.md` §3.4).
extension Node {
    /// Searches under way for all requests of this node.
    static let searchLimit = 64

    mutating func searchReplicas(for nonce: UInt64) {
        guard let request = requests[nonce], !request.isSearching, let message = request.message,
            !message.flags.contains(.direct)
        else { return }
        let holder = message.holder(from: nil)
        if searchShares.mustCount(taken: searchCount) {
            searchShares.count(requests.searchHolders)
        }
        guard searchShares.admit(holder, taken: searchCount) else { return }
        searchShares.take(holder)
        searchCount += 1
        requests.update(nonce) { $0.isSearching = true }
        chordInput(.search(number: nonce, key: message.destination))
    }

    mutating func foundReplicas(_ nodes: [NodeHandle], for nonce: UInt64) {
        guard let request = requests[nonce], request.isSearching,
            let key = request.message?.destination
        else { return }
        let handle = handle
        searchEnded(request)
        requests.update(nonce) {
            $0.isSearching = false
            $0.turns =
                nodes.isEmpty ? nil : ReplicaTurns(nodes, after: key, local: handle)
        }
    }

    /// Nobody waits for a request's search any more.
    mutating func endSearch(of request: PendingRequest) {
        guard request.isSearching else { return }
        searchEnded(request)
        chordInput(.endSearch(number: request.handle.nonce))
    }

    private mutating func searchEnded(_ request: PendingRequest) {
        guard let message = request.message else { return }
        searchCount -= 1
        searchShares.giveBack(message.holder(from: nil), taken: searchCount)
    }

    /// Of the replica set, root included, how many may answer a request although the root
    /// acknowledges: those that its application keeps its state on.
    ///
    /// A consistent application's ranges are moved by configuration changes, not by requests.
    func standIns(for message: RoutedMessage) -> Int {
        if message.isForSystem { return configuration.replicas }
        guard let hosted = applications[message.application], !hosted.isConsistent else { return 1 }
        return Int(hosted.peerlet.manifest.replicaCount)
    }
}
