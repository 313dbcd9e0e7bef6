internal import KBR
internal import PeerletRuntime
internal import SansIO

// Nodes whose owners do not host a consistent application (`Spec/consistency.md` §5.8).
extension Node {
    /// Asks a predecessor whose word is missing or old.
    mutating func inquire(_ application: ApplicationID) {
        guard var inquiry = applications[application]?.inquiry,
            let code = applications[application]?.code
        else { return }
        if let (node, token) = inquiry.due(at: now.instant, random: &random) {
            let all = RingInterval(after: handle.id, through: handle.id)
            let question = RangeMessage.discover(token: token, arc: all)
            send(
                .range,
                RangeFrame(application: application, code: code, message: question),
                to: node
            )
        }
        applications[application]?.inquiry = inquiry
        if let wake = inquiry.wake(after: now.instant) {
            timers.set(.inquiry(application), at: wake)
        } else {
            timers.cancel(.inquiry(application))
        }
    }

    mutating func hear(
        _ message: RangeMessage,
        from peer: Identifier,
        _ application: ApplicationID
    ) {
        guard var inquiry = applications[application]?.inquiry else { return }
        let before = inquiry.refusing
        if case .discovered(let token, let word) = message {
            inquiry.receive(word, token: token, from: peer, at: now.instant)
        } else {
            inquiry.hosts(peer)
        }
        applications[application]?.inquiry = inquiry
        if inquiry.refusing != before { updateRange(application) } else { inquire(application) }
    }

    /// A predecessor passed a message on as this node's to answer, and the range does not say so.
    mutating func doubtPredecessors(of application: ApplicationID) {
        applications[application]?.inquiry?.doubt()
        inquire(application)
    }

    /// Tells those whose configurations have this node that it hosts the application no more.
    mutating func tellRefusal(of hosted: HostedApplication) {
        var members: [Identifier: NodeHandle] = [:]
        for range in hosted.configured ?? [] {
            for member in range.members { members[member.id] = member }
        }
        members[handle.id] = nil
        let word = Discovery.refusal(successors: neighborhood.successors)
        let notice = RangeMessage.discovered(token: PredecessorInquiry.notice, word)
        for member in members.values.sorted(by: { $0.id < $1.id }) {
            send(
                .range,
                RangeFrame(
                    application: hosted.peerlet.application,
                    code: hosted.code,
                    message: notice
                ),
                to: member
            )
        }
    }
}
