internal import PeerletBytecode

/// How a command ended; the command-line tools map it to their exit codes.
package enum ClientStatus: UInt8, Hashable, Sendable {
    case done = 0
    /// It ran and the answer is no.
    case negative = 1
    case badInput = 2
    case notFound = 3
    case unreachable = 4
    case temporary = 5
    case refused = 6
    case failed = 7
}

extension ClientStatus {
    /// How a call ended that a peerlet or its host answered with this status.
    init(answer status: Int64) {
        self =
            switch HostError(rawValue: status) {
            case nil: status < 0 ? .negative : .done
            case .notFound, .exists: .negative
            // Again the same call ends the same way: its author gave too little or too much.
            case .argument, .tooBig, .noBudget: .badInput
            case .timeout, .unsure, .rate, .noRoute, .stale, .migrated: .temporary
            case .denied, .permission, .badSignature, .quota: .refused
            case .noSuchApplication, .notSupported: .notFound
            case .dead, .gone: .unreachable
            case .memory, .fault: .failed
            }
    }
}
