import PROSTNode
import SansIO
import Testing

/// What clients of the dht know: for each key the last number acknowledged and the last one tried.
struct DHTModel {
    struct Entry {
        var acknowledged: UInt64 = 0
        var tried: UInt64 = 0
    }

    private(set) var entries: [String: Entry] = [:]

    var keys: [String] { entries.keys.sorted() }

    static func value(_ number: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    static func number(_ bytes: [UInt8]) -> UInt64? {
        guard bytes.count == 8 else { return nil }
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The next value to write under a key.
    mutating func next(_ key: String) -> [UInt8] {
        entries[key, default: Entry()].tried += 1
        return Self.value(entries[key]?.tried ?? 0)
    }

    mutating func wrote(_ key: String, _ value: [UInt8], _ answer: TestRing.Answer?) {
        guard answer?.status == 0, let number = Self.number(value) else { return }
        entries[key, default: Entry()].acknowledged = max(
            entries[key]?.acknowledged ?? 0,
            number
        )
    }

    /// Whether a reader may see this: the last acknowledged value or a newer one.
    func allows(_ key: String, _ answer: TestRing.Answer, since acknowledged: UInt64) -> Bool {
        let entry = entries[key] ?? Entry()
        if answer.status == -3 { return acknowledged == 0 }
        guard answer.status == 0, let number = Self.number(answer.payload) else { return false }
        return number >= acknowledged && number <= entry.tried
    }
}

extension TestRing {
    /// Asks again until the answer is certain, as a client should.
    func certainCall(
        _ method: String,
        key: String,
        payload: [UInt8] = [],
        at index: Int
    ) throws -> Answer {
        for _ in 0..<5 {
            let answer = try call("dht", method, key: key, payload: payload, at: index)
            if answer.status == 0 || answer.status == -3 { return answer }
        }
        throw Uncertain(method: method, key: key)
    }

    struct Uncertain: Error {
        var method: String
        var key: String
    }

    /// Every key must read as its last acknowledged value or a newer one.
    func check(_ model: DHTModel, _ random: inout DeterministicRandom) throws {
        for key in model.keys {
            let index = live[Int(random.below(UInt64(live.count)))]
            let acknowledged = model.entries[key]?.acknowledged ?? 0
            let answer = try certainCall("get", key: key, at: index)
            #expect(
                model.allows(key, answer, since: acknowledged),
                "\(key) reads \(answer) after \(acknowledged)"
            )
        }
    }
}
