import Chord
import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import SansIO
import Testing

/// A ring of simulated nodes with peerlets on it, as their users see it.
final class TestRing {
    let simulation: Simulation

    static func settings(
        seed: UInt64 = 1,
        r: Int = 3,
        geometry: Geometry = .chord
    ) throws -> SimulationSettings {
        var settings = SimulationSettings()
        settings.seed = seed
        settings.configuration.chord = ChordConfiguration(successorListLength: r)
        settings.configuration.chord.geometry = geometry
        let provider = try #require(Peerlet.provider)
        settings.policy = .trusting([provider.publicKey])
        return settings
    }

    /// A ring of `size` nodes that has settled.
    init(size: Int, _ settings: SimulationSettings) throws {
        simulation = Simulation(settings)
        for index in 0..<size {
            simulation.addHost()
            try simulation.start(index, joining: index == 0 ? nil : [0])
        }
        try #require(settle(within: .seconds(120)), "the ring does not settle")
    }

    var live: [Int] { simulation.hosts.indices.filter { simulation.hosts[$0].isUp } }

    /// Runs until every live node holds itself for settled, with its neighbours right.
    func settle(within span: TimeSpan) -> Bool {
        simulation.run(until: { self.isSettled }, within: span)
    }

    private var isSettled: Bool {
        let order = live.sorted {
            simulation.hosts[$0].handle.id < simulation.hosts[$1].handle.id
        }
        for (place, index) in order.enumerated() {
            guard let ring = simulation.hosts[index].node?.chord.snapshot, ring.isSettled else {
                return false
            }
            guard order.count > 1 else { continue }
            let next = order[(place + 1) % order.count]
            guard ring.successors.first?.id == simulation.hosts[next].handle.id else {
                return false
            }
        }
        return true
    }

    /// Runs until every live node hosts the application, the live nodes serve all of the ring with
    /// all of its replicas, and nothing is being taken over.
    func replicate(_ name: String, within span: TimeSpan = .seconds(60)) -> Bool {
        let end = simulation.now + span
        while simulation.now < end {
            if isReplicated(name) { return true }
            simulation.run(for: .milliseconds(250))
        }
        return isReplicated(name)
    }

    private func isReplicated(_ name: String) -> Bool {
        guard isSettled else { return false }
        return live.allSatisfy { index in
            guard let status = status(at: index), application(name, at: index) != nil else {
                return false
            }
            return status["ranges_serving"]?.number ?? 0 > 0
                && status["ranges_acquiring"]?.number == 0
                && status["under_replicated"]?.number == 0
        }
    }

    func deploy(_ peerlet: Peerlet, at index: Int) throws {
        let number = simulation.command(
            .deploy(package: peerlet.package, locator: ""),
            at: index
        )
        let response = try #require(simulation.await(number))
        try #require(response.status == .done, "\(response)")
    }

    /// The answer to a client's call.
    struct Answer: Equatable {
        var outcome: ClientStatus
        var status: Int64
        var payload: [UInt8]
        var node: String
        var hops: Int64 = -1
    }

    func call(
        _ application: String,
        _ method: String,
        key: String,
        payload: [UInt8] = [],
        at index: Int,
        fuel: UInt64 = 4_000_000,
        within span: TimeSpan = .seconds(15)
    ) throws -> Answer {
        let number = start(application, method, key: key, payload: payload, at: index, fuel: fuel)
        return try #require(answer(to: number, within: span), "no answer")
    }

    func start(
        _ application: String,
        _ method: String,
        key: String,
        payload: [UInt8] = [],
        at index: Int,
        fuel: UInt64 = 4_000_000
    ) -> UInt64 {
        simulation.command(
            .call(
                ClientCall(
                    application: application,
                    method: method,
                    key: .key(named: key),
                    payload: payload,
                    fuel: fuel,
                    timeoutMilliseconds: 14_000
                )
            ),
            at: index
        )
    }

    func answer(to number: UInt64, within span: TimeSpan = .seconds(15)) -> Answer? {
        simulation.await(number, within: span).map { Self.answer($0) }
    }

    static func answer(_ response: ClientResponse) -> Answer {
        var answer = Answer(outcome: response.status, status: -100, payload: [], node: "")
        if case .integer(let status)? = response.document["status"] { answer.status = status }
        if case .bytes(let bytes)? = response.document["payload"] { answer.payload = bytes }
        if case .text(let node)? = response.document["node"] { answer.node = node }
        answer.hops = response.document["hops"]?.number ?? -1
        return answer
    }

    /// The live node that a key belongs to.
    func root(of key: String) -> String? {
        let key = Identifier.key(named: key)
        let ids = live.map { simulation.hosts[$0].handle.id }.sorted()
        return (ids.first { key <= $0 } ?? ids.first)?.hexadecimal
    }

    /// What `prost app list` shows of an application on a node.
    func application(_ name: String, at index: Int) -> Document? {
        let number = simulation.command(.applications, at: index)
        guard case .list(let all)? = simulation.await(number)?.document else { return nil }
        return all.first { $0["name"] == .text(name) }
    }

    func status(at index: Int) -> Document? {
        simulation.await(simulation.command(.status, at: index))?.document
    }
}

extension TestRing {
    /// A named counter of an application, summed over the live nodes.
    func total(_ counter: String, of name: String) -> Int64 {
        live.reduce(0) { sum, index in
            let instances = application(name, at: index)?["instances"]?.items ?? []
            return sum + instances.reduce(0) { $0 + ($1["counters"]?[counter]?.number ?? 0) }
        }
    }
}

extension Document {
    var number: Int64 { if case .integer(let value) = self { value } else { -1 } }
    var text: String { if case .text(let value) = self { value } else { "" } }
    var items: [Document] { if case .list(let items) = self { items } else { [] } }
}
