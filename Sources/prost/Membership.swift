internal import Cryptography
internal import PROSTNode
internal import PROSTService
internal import PROSTTransport
internal import SansIO
internal import Wire

/// What a closed ring asks of this node, looked at before anybody is dialled: members show each
/// other their tokens, so a founder needs one too.
struct Membership {
    private let plan: RunPlan
    private let key: PublicKey

    init(_ plan: RunPlan, _ key: PublicKey) {
        self.plan = plan
        self.key = key
    }

    /// Throws if the ring is closed and this node's token does not hold.
    func check() throws(CommandFailure) {
        guard let operatorKey = plan.settings.operatorKey else { return }
        let ring = plan.settings.node.ring
        let now = SystemClock.wall.milliseconds
        guard let token = plan.settings.joinToken else {
            throw failure("ring \(ring) is closed and this node has no join token")
        }
        guard token.expires == 0 || now < token.expires else {
            let end = WallTime(milliseconds: token.expires)
            throw failure("this node's join token expired at \(end)")
        }
        guard token.admits(key, to: ring, operator: operatorKey, now: now) else {
            throw failure("the join token is for another node or ring, or by another operator")
        }
    }

    private func failure(_ message: String) -> CommandFailure {
        let hint = Self.advice(.joinTokenRequired, plan.settings.node.ring, key.raw)
        return CommandFailure(.refused, message, hint: hint)
    }

    /// How to get what a member asked for; nil where a token does not help.
    static func advice(_ reason: Refusal.Reason, _ ring: String, _ key: [UInt8]) -> String? {
        switch reason {
        case .joinTokenRequired, .joinTokenInvalid, .joinTokenExpired:
            "the ring's operator makes a token, which --join-token takes: prost-asm token "
                + "--ring \(ring) --node \(Hexadecimal.text(key)) --key-file OPERATOR.key"
        case .ringName, .ringParameters: "compare --ring, --successors and --replicas with its"
        default: nil
        }
    }
}
