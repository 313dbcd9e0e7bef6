import Chord
import Cryptography
import KBR
import PROSTNode
import PROSTSimulator
import SansIO
import Testing
import Wire

/// Simulated nodes with the probe peerlet, whose fuel is counted after every event.
final class ProbeRing {
    let simulation: Simulation
    /// Figures of nodes that fell.
    private(set) var fallen: [BudgetLedger] = []
    /// Whom `call` asks and `state` shows.
    var name = "probe"

    static func settings(seed: UInt64 = 1) -> SimulationSettings {
        var settings = SimulationSettings()
        settings.seed = seed
        settings.configuration.chord = ChordConfiguration(successorListLength: 3)
        settings.policy = .trusting([ProbePeerlet.provider.publicKey])
        return settings
    }

    init(size: Int, _ settings: SimulationSettings = ProbeRing.settings()) throws {
        simulation = Simulation(settings)
        for index in 0..<size {
            simulation.addHost()
            try simulation.start(index, joining: index == 0 ? nil : [0])
        }
        try #require(settle(), "the ring does not settle")
    }

    var live: [Int] { simulation.hosts.indices.filter { simulation.hosts[$0].isUp } }

    /// The live nodes clockwise from the root of a key.
    func clockwise(from key: Identifier) -> [Int] {
        let order = live.sorted { simulation.hosts[$0].handle.id < simulation.hosts[$1].handle.id }
        let first = order.firstIndex { simulation.hosts[$0].handle.id >= key } ?? 0
        return Array(order[first...] + order[..<first])
    }

    func settle(within span: TimeSpan = .seconds(120)) -> Bool {
        simulation.run(until: { self.isSettled }, within: span)
    }

    private var isSettled: Bool {
        let order = live.sorted { simulation.hosts[$0].handle.id < simulation.hosts[$1].handle.id }
        return order.indices.allSatisfy { place in
            guard let ring = simulation.hosts[order[place]].node?.chord.snapshot, ring.isSettled
            else { return false }
            let next = order[(place + 1) % order.count]
            return order.count == 1 || ring.successors.first?.id == simulation.hosts[next].handle.id
        }
    }

    func deploy(_ peerlet: ProbePeerlet, at index: Int = 0) throws {
        try deploy(package: peerlet.package, at: index)
    }

    func deploy(package: [UInt8], at index: Int = 0) throws {
        let number = simulation.command(.deploy(package: package, locator: ""), at: index)
        let response = try #require(simulation.await(number))
        try #require(response.status == .done, "\(response)")
    }

    struct Answer {
        var outcome: ClientStatus
        var status: Int64
        var payload: [UInt8]
        var node: String
        var message: String
    }

    func start(
        _ command: Int,
        mode: Int = 0,
        key: Identifier = .key(named: "key"),
        payload: [UInt8] = [],
        at index: Int = 0,
        fuel: UInt64 = 2_000_000,
        client: UInt64 = 1
    ) -> UInt64 {
        simulation.command(
            .call(
                ClientCall(
                    application: name,
                    method: "\(command | mode << 8)",
                    key: key,
                    payload: payload,
                    fuel: fuel,
                    timeoutMilliseconds: 8000
                )
            ),
            at: index,
            client: client
        )
    }

    func call(
        _ command: Int,
        mode: Int = 0,
        key: Identifier = .key(named: "key"),
        payload: [UInt8] = [],
        at index: Int = 0,
        fuel: UInt64 = 2_000_000
    ) throws -> Answer {
        let number = start(
            command,
            mode: mode,
            key: key,
            payload: payload,
            at: index,
            fuel: fuel
        )
        return try #require(answer(to: number), "no answer")
    }

    func answer(to number: UInt64, within span: TimeSpan = .seconds(10)) -> Answer? {
        _ = run(until: { self.simulation.response(to: number) != nil }, within: span)
        guard let response = simulation.response(to: number) else { return nil }
        var answer = Answer(outcome: response.status, status: 0, payload: [], node: "", message: "")
        if case .integer(let status)? = response.document["status"] { answer.status = status }
        if case .bytes(let bytes)? = response.document["payload"] { answer.payload = bytes }
        if case .text(let node)? = response.document["node"] { answer.node = node }
        if case .text(let message)? = response.document["message"] { answer.message = message }
        return answer
    }

    // MARK: Fuel

    /// Runs event by event, the fuel of every node counted after each.
    func run(until condition: () -> Bool, within span: TimeSpan) -> Bool {
        simulation.run(
            until: {
                self.checkFuel()
                return condition()
            },
            within: span
        )
    }

    func run(for span: TimeSpan) { _ = run(until: { false }, within: span) }

    func checkFuel() {
        for index in live {
            guard let node = simulation.hosts[index].node, node.ledger.held != node.fuelHeld else {
                continue
            }
            Issue.record("node \(index) holds \(node.fuelHeld), ledger \(node.ledger)")
        }
    }

    /// Work done anywhere is never more than fuel injected anywhere.
    func checkWork() {
        let ledgers = fallen + live.compactMap { simulation.hosts[$0].node?.ledger }
        let injected = ledgers.reduce(0) { $0 + $1.injected }
        let spent = ledgers.reduce(0) { $0 + $1.spent }
        #expect(spent <= injected)
        #expect(spent > 0)
    }

    func crash(_ index: Int, wipingDisk: Bool = false) {
        if let ledger = simulation.hosts[index].node?.ledger { fallen.append(ledger) }
        simulation.crash(index, wipingDisk: wipingDisk)
    }

    // MARK: What the node shows

    func application(at index: Int) -> Document? {
        let number = simulation.command(.applications, at: index, client: 99)
        guard case .list(let all)? = simulation.response(to: number)?.document else { return nil }
        return all.first { $0["name"] == .text(name) }
    }

    private func instance(at index: Int) -> Document? {
        guard case .list(let all)? = application(at: index)?["instances"] else { return nil }
        return all.first
    }

    func state(at index: Int) -> String {
        if case .text(let state)? = instance(at: index)?["state"] { state } else { "none" }
    }

    func counter(_ name: String, at index: Int) -> Int64 {
        if case .integer(let value)? = instance(at: index)?["counters"]?[name] { value } else { 0 }
    }

    func total(_ name: String) -> Int64 { live.reduce(0) { $0 + counter(name, at: $1) } }

    func identifier(of index: Int) -> String { simulation.hosts[index].handle.id.hexadecimal }
}
