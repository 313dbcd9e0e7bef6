internal import PeerletBytecode
internal import PeerletVM

/// Why a host call did not answer with a success (`Spec/abi.md` §1).
enum HostCallStop: Error {
    /// The peerlet gets the code and goes on.
    case refused(HostError)
    /// The upcall ends and is undone.
    case trap(TrapKind)
    case exhausted(needed: UInt64)
    case store(StoreError)
}
