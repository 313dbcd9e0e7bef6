internal import Cryptography
internal import PeerletBytecode

/// What the main file says for the package's manifest (`Spec/assembly-language.md` §2.1).
package struct ManifestDirectives: Sendable, Equatable {
    package enum ApplicationType: UInt8, Sendable { case perHop = 0, endNode = 1 }
    package enum InstanceClass: String, Sendable { case node, keyed }
    package enum StoreClass: String, Sendable { case none, overlay, consistent }

    /// Nil if the file does not give one.
    package var name: String?
    /// `"MAJOR.MINOR.PATCH"` is major · 2^32 + minor · 2^16 + patch.
    package var version: UInt64 = 1 << 16
    package var applicationType = ApplicationType.endNode
    package var instanceClass = InstanceClass.node
    package var storeClass = StoreClass.none
    package var replicaCount: UInt8 = 3
    package var fuelPerUpcall: UInt64 = 100_000
    package var fuelPerSecond: UInt64 = 1_000_000
    package var memoryPages: UInt32 = 64
    package var storeBytes: UInt64 = 0
    package var messagesPerSecond: UInt32 = 100
    package var mailbox: UInt32 = 64
    /// Seconds since 1970 UTC.
    package var notBefore: UInt64 = 0
    /// Seconds since 1970 UTC; 0 = never.
    package var expires: UInt64 = 0

    package init() {}
}

/// Reads the manifest directives.
struct ManifestReader {
    private(set) var draft = ManifestDirectives()
    private(set) var pages: UInt64 = 0
    private(set) var isMemoryGiven = false

    mutating func read(_ definitions: inout Definitions, _ bag: inout DiagnosticBag) {
        var isStoreSizeGiven = false
        for directive in definitions.program.directives {
            if directive.key?.text == "store_bytes" { isStoreSizeGiven = true }
            read(directive.name, directive.key, directive.value, directive.span, &definitions, &bag)
        }
        if !isStoreSizeGiven, draft.storeClass != .none { draft.storeBytes = 1 << 20 }
    }

    private mutating func read(
        _ name: String,
        _ key: Name?,
        _ value: ProgramSyntax.DirectiveValue,
        _ span: SourceSpan,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) {
        func refuse(_ message: String) { bag.error(.badDirectiveValue, message, at: span) }
        switch (name, value) {
        case (".name", .string(let bytes)):
            let name = String(decoding: bytes, as: UTF8.self)
            guard ApplicationName.isValid(name) else {
                return refuse("a name is 1 to 64 of a-z 0-9 . _ -")
            }
            draft.name = name
        case (".version", .expression(let expression)):
            let limit = UInt64(Int64.max)
            draft.version = definitions.unsigned(expression, limit: limit, "the version", &bag) ?? 0
        case (".replicas", .expression(let expression)):
            let count = definitions.unsigned(expression, limit: 16, "the replica count", &bag) ?? 1
            guard count > 0 else { return refuse("the replica count is 1 to 16") }
            draft.replicaCount = UInt8(count)
        case (".version", .string(let bytes)):
            guard let version = Self.version(bytes) else {
                return refuse("a version is three numbers below 65536: \"1.0.0\"")
            }
            draft.version = version
        case (".type", .word("per-hop")): draft.applicationType = .perHop
        case (".type", .word("end-node")): draft.applicationType = .endNode
        case (".type", .word): refuse("the type is `end-node` or `per-hop`")
        case (".instance", .word(let word)):
            guard let instance = ManifestDirectives.InstanceClass(rawValue: word) else {
                return refuse("the instance class is `node` or `keyed`")
            }
            draft.instanceClass = instance
        case (".store", .word(let word)):
            guard let store = ManifestDirectives.StoreClass(rawValue: word) else {
                return refuse("the store class is `none`, `overlay` or `consistent`")
            }
            draft.storeClass = store
        case (".not_before", _), (".expires", _):
            guard let time = time(value, &definitions, &bag) else {
                return refuse("a time is seconds since 1970 or \"YYYY-MM-DD\"")
            }
            if name == ".expires" { draft.expires = time } else { draft.notBefore = time }
        case (".pages", .expression(let expression)):
            let limit = UInt64(BytecodeLimits.memoryPages)
            pages = definitions.unsigned(expression, limit: limit, "pages", &bag) ?? 0
        case (".limit", .expression(let expression)):
            limit(key?.text ?? "", expression, &definitions, &bag)
        default: refuse("`\(name)` has a value of another kind")
        }
    }

    private mutating func limit(
        _ name: String,
        _ expression: Expression,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) {
        let maximum: UInt64 =
            switch name {
            case "memory_pages": UInt64(BytecodeLimits.memoryPages)
            case "messages_per_second", "mailbox": UInt64(UInt32.max)
            default: UInt64(Int64.max)
            }
        let what = "`\(name)`"
        guard let value = definitions.unsigned(expression, limit: maximum, what, &bag) else {
            return
        }
        switch name {
        case "fuel_per_upcall": draft.fuelPerUpcall = value
        case "fuel_per_second": draft.fuelPerSecond = value
        case "memory_pages":
            draft.memoryPages = UInt32(value)
            isMemoryGiven = true
        case "store_bytes": draft.storeBytes = value
        case "messages_per_second": draft.messagesPerSecond = UInt32(value)
        default: draft.mailbox = UInt32(value)
        }
    }

    private static func version(_ bytes: [UInt8]) -> UInt64? {
        let parts = String(decoding: bytes, as: UTF8.self)
            .split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.allSatisfy { $0.isASCII && $0.isNumber } ? UInt16(part) : nil
        }
        guard parts.count == 3, numbers.count == 3 else { return nil }
        return UInt64(numbers[0]) << 32 | UInt64(numbers[1]) << 16 | UInt64(numbers[2])
    }

    private func time(
        _ value: ProgramSyntax.DirectiveValue,
        _ definitions: inout Definitions,
        _ bag: inout DiagnosticBag
    ) -> UInt64? {
        switch value {
        case .expression(let expression):
            return definitions.unsigned(expression, limit: UInt64(Int64.max), "the time", &bag)
        case .string(let bytes): return Self.date(bytes)
        case .word: return nil
        }
    }

    /// Midnight UTC of a day from 1970 to 9999.
    static func date(_ bytes: [UInt8]) -> UInt64? {
        let parts = String(decoding: bytes, as: UTF8.self).split(separator: "-")
        guard bytes.count == 10, parts.count == 3, let year = UInt64(parts[0]),
            let month = UInt64(parts[1]), let day = UInt64(parts[2]),
            (1970...9999).contains(year), (1...12).contains(month)
        else { return nil }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths: [UInt64] = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day >= 1, day <= lengths[Int(month) - 1] else { return nil }
        let before = year - 1
        let leapDays =
            before / 4 - before / 100 + before / 400 - (1969 / 4 - 1969 / 100 + 1969 / 400)
        let days =
            (year - 1970) * 365 + leapDays + lengths.prefix(Int(month) - 1).reduce(0, +) + day - 1
        return days * 86_400
    }
}
