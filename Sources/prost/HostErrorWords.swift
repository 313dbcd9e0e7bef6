internal import PeerletBytecode

/// The statuses of `Spec/abi.md` §5 as people read them when one is the answer to their call.
extension HostError {
    var words: String {
        switch self {
        case .argument: "the peerlet does not take this request"
        case .memory: "the peerlet named memory that it does not have"
        case .notFound: "there is nothing under this key"
        case .exists: "there is something under this key already"
        case .quota: "a quota is used up"
        case .rate: "too many at once"
        case .tooBig: "the payload is larger than the peerlet takes"
        case .noRoute: "no way leads to the node that is responsible for the key"
        case .dead: "the node that was asked is gone"
        case .timeout: "no answer came in time, so it is not known whether it was done"
        case .unsure: "it is not certain whether it was done"
        case .permission: "the peerlet does not permit it"
        case .gone: "who was to answer is gone"
        case .stale: "there is a newer version"
        case .denied: "a node's policy does not allow it"
        case .noSuchApplication: "the responsible node does not run this application"
        case .badSignature: "a signature does not hold"
        case .migrated: "the application moved meanwhile"
        case .fault: "the peerlet failed"
        case .notSupported: "the peerlet has no such operation"
        case .noBudget: "the call had too little fuel"
        }
    }

    /// What to do about it, where that is known.
    var advice: String? {
        switch self {
        case .rate, .timeout, .unsure, .noRoute, .stale, .migrated: "try again"
        case .noBudget: "give it more: --fuel"
        case .fault: "prost app limits shows whether a limit stopped it"
        default: nil
        }
    }
}
