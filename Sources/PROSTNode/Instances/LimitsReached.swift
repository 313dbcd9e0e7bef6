internal import PeerletBytecode
internal import PeerletRuntime

// Limits that a lane enforced by answering a host call, or a request for memory, with an error.
extension Node {
    mutating func noteLimits(_ report: ExecutionReport, _ hosted: HostedApplication) {
        for reached in report.limitsReached {
            guard let (limit, used) = bite(reached, hosted) else { continue }
            noteLimit(
                limit,
                of: hosted,
                Upcall(rawValue: report.upcall),
                used: used,
                effect: .hostCallRefused
            )
        }
    }

    /// The owner's limit behind a refusal and the figure that was over it; nil for the limits that
    /// a stopped upcall is accounted for elsewhere, and for those that are the peerlet's own.
    private func bite(
        _ reached: LimitReached,
        _ hosted: HostedApplication
    ) -> (limit: Limit, used: UInt64)? {
        /// The lane counts from what was left when the upcall began.
        func total(_ limit: Limit) -> (limit: Limit, used: UInt64) {
            let granted = hosted.limits[limit]
            let before = granted - min(granted, reached.maximum)
            let (sum, overflow) = before.addingReportingOverflow(reached.used)
            return (limit, overflow ? .max : sum)
        }
        switch reached.limit {
        case .memory:
            let page = UInt64(BytecodeLimits.pageSize)
            guard reached.maximum >= UInt64(hosted.limits.memoryPages) else { return nil }
            let (bytes, overflow) = reached.used.multipliedReportingOverflow(by: page)
            return (.memory, overflow ? .max : bytes)
        case .sends:
            let isRate = reached.maximum < hosted.limits[.sends]
            return isRate ? (.messages, hosted.limits[.messages] + 1) : (.sends, reached.used)
        case .storeBytes: return total(.storage)
        case .timers: return total(.timers)
        case .requests: return total(.requests)
        case .logBytes: return (.logBytes, reached.used)
        case .fuel, .stack, .callDepth, .sendBytes, .storeWrites, .watches, .budget: return nil
        }
    }
}
