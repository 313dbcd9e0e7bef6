import KBR
import PROSTNode
import PeerletRuntime
import SansIO
import Wire

/// One frame of each kind and variant of the node's, by the name its vector has.
enum MessageSamples {
    static func node(_ number: UInt64) -> NodeHandle {
        NodeHandle(
            id: Identifier(words: (number, 0, 0, number)),
            endpoint: Endpoint(127, 0, 0, 1, port: 4000),
            sequence: number
        )
    }

    static let application = ApplicationID(Identifier(words: (7, 7, 7, 7)))
    static let code = RoutedMessage.Code(
        digest: Identifier(words: (1, 2, 3, 4)),
        version: 65_536,
        locator: "ring:sha256:00"
    )
    static let handle = ReplyHandle(
        origin: node(1).id,
        instanceTag: Octets16(prefixOf: Array(0..<16)),
        nonce: 77,
        deadline: 1_700_000_000_000,
        code: Octets16(prefixOf: Array(100..<116))
    )

    static func routed(_ change: (inout RoutedMessage) -> Void = { _ in }) -> RoutedMessage {
        var message = RoutedMessage(
            id: MessageID(high: 1, low: 2),
            destination: Identifier(words: (9, 0, 0, 0)),
            application: application,
            applicationType: 1,
            hopMode: .none,
            type: 300,
            remaining: 60_000,
            budget: 4_000_000,
            origin: node(1),
            code: code,
            payload: Array("payload".utf8)
        )
        change(&message)
        return message
    }

    static let routedMessages: [(String, RoutedMessage)] = [
        ("route", routed()),
        (
            "route, request, second try, rank 1",
            routed {
                $0.flags = [.request, .resent]
                $0.replyHandle = handle
                $0.attempt = 0x12
                $0.rank = 1
                $0.hops = 3
                $0.timeToLive = 37
            }
        ),
        (
            "route, per-hop, demand, traced",
            routed {
                $0.applicationType = 0
                $0.hopMode = .demand
                $0.flags = [.traced, .silent]
                $0.trace = [node(1), node(2)]
            }
        ),
        (
            "route, direct, of another application, for a range",
            routed {
                $0.flags = [.direct]
                $0.sourceApplication = ApplicationID(Identifier(words: (8, 8, 8, 8)))
                $0.range = RangeStamp(key: Identifier(words: (9, 0, 0, 0)), epoch: 5)
                $0.principal = Identifier(words: (6, 0, 0, 6))
                $0.payload = []
            }
        ),
    ]

    static let replies: [(String, ReplyMessage)] = [
        ("reply", reply(status: 0, isLast: true)),
        ("reply, error, more to come", reply(status: -7, isLast: false)),
    ]

    private static func reply(status: Int64, isLast: Bool) -> ReplyMessage {
        ReplyMessage(
            handle: handle,
            status: status,
            isLast: isLast,
            sequence: 1,
            budget: 1000,
            responder: node(3),
            requestHops: 4,
            fuelSpent: 12_345,
            payload: [1, 2, 3]
        )
    }

    static let acknowledgements: [(String, HopAcknowledgement)] = [
        ("hop acknowledgement, accepted", acknowledgement(.accepted)),
        ("hop acknowledgement, busy", acknowledgement(.busy)),
        ("hop acknowledgement, expired", acknowledgement(.expired)),
        ("hop acknowledgement, stale", acknowledgement(.stale)),
    ]

    private static func acknowledgement(
        _ verdict: HopAcknowledgement.Verdict
    )
        -> HopAcknowledgement
    {
        HopAcknowledgement(id: MessageID(high: 1, low: 2), attempt: 0x21, verdict: verdict)
    }

    static let digest = PackageDigest(Identifier(words: (1, 2, 3, 4)))

    static let requests: [(String, ClientRequest)] = [
        ("request, status", .init(number: 1, command: .status)),
        ("request, ring", .init(number: 2, command: .ring)),
        ("request, lookup", .init(number: 3, command: .lookup(Identifier(words: (9, 0, 0, 0))))),
        ("request, applications", .init(number: 4, command: .applications)),
        (
            "request, deploy",
            .init(number: 5, command: .deploy(package: [1, 2], locator: ""))
        ),
        ("request, explain", .init(number: 6, command: .explain(package: [1, 2]))),
        (
            "request, call",
            .init(
                number: 7,
                command: .call(
                    ClientCall(
                        application: "dht",
                        method: "put",
                        key: Identifier(words: (9, 0, 0, 0)),
                        payload: [98, 108, 117, 101],
                        fuel: 4_000_000,
                        timeoutMilliseconds: 10_000
                    )
                )
            )
        ),
        ("request, leave", .init(number: 8, command: .leave)),
    ]

    static let response = ClientResponse(
        number: 7,
        status: .negative,
        document: .object([
            .init("nothing", .null), .init("yes", .flag(true)), .init("no", .flag(false)),
            .init("small", .integer(-1)), .init("large", .integer(.max)),
            .init("text", .text("blau")), .init("bytes", .bytes([0, 255])),
            .init("list", .list([.integer(1), .list([])])),
        ])
    )
}
