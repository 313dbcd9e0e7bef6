/// What an instance may spend or hold, as policy files name it (`Spec/policy.md` §2).
package enum Limit: Int, CaseIterable, Comparable, Sendable {
    case upcallFuel, fuel, fuelBurst, memory, storage, messages, mailbox, timers, requests
    case sends, callDepth, logBytes, log

    package enum Unit: Sendable {
        /// A plain count.
        case count
        /// Units per second.
        case rate
        case bytes
    }

    /// The key in a policy file.
    package var key: String {
        switch self {
        case .upcallFuel: "upcall_fuel"
        case .fuel: "fuel"
        case .fuelBurst: "fuel_burst"
        case .memory: "memory"
        case .storage: "storage"
        case .messages: "messages"
        case .mailbox: "mailbox"
        case .timers: "timers"
        case .requests: "requests"
        case .sends: "sends"
        case .callDepth: "call_depth"
        case .logBytes: "log_bytes"
        case .log: "log"
        }
    }

    package var unit: Unit {
        switch self {
        case .fuel, .messages, .log: .rate
        case .memory, .storage, .logBytes: .bytes
        case .upcallFuel, .fuelBurst, .mailbox, .timers, .requests, .sends, .callDepth: .count
        }
    }

    /// What nothing else sets: room for a small application, nothing that hurts its neighbours.
    package var builtIn: UInt64 {
        switch self {
        case .upcallFuel: 2_000_000
        case .fuel: 2_000_000
        case .fuelBurst: 4_000_000
        case .memory: 1 << 20
        case .storage: 32 << 20
        case .messages: 1000
        case .mailbox: 256
        case .timers: 32
        case .requests: 64
        case .sends: 64
        case .callDepth: 256
        case .logBytes: 4096
        case .log: 1000
        }
    }

    /// Largest value that a policy file may set.
    package var ceiling: UInt64 {
        switch self {
        case .upcallFuel, .fuel, .fuelBurst: 1_000_000_000_000
        case .memory: 256 << 20
        case .storage: 1 << 50
        case .messages, .log: 1_000_000
        case .mailbox, .timers, .requests: 65_536
        case .sends: 4096
        case .callDepth: 4096
        case .logBytes: 65_536
        }
    }

    /// Smallest value with which anything can run.
    package var floor: UInt64 {
        switch self {
        case .upcallFuel, .fuel, .fuelBurst, .messages, .mailbox, .callDepth: 1
        case .memory: Self.pageBytes
        case .storage, .timers, .requests, .sends, .logBytes, .log: 0
        }
    }

    /// Bytes of one page of a peerlet's memory.
    package static let pageBytes: UInt64 = 4096

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// `value` as people write it: `2M/s`, `16MiB`, `256`.
    package func text(_ value: UInt64) -> String {
        switch unit {
        case .count: Quantity.count(value)
        case .rate: Quantity.count(value) + "/s"
        case .bytes: Quantity.bytes(value)
        }
    }
}
