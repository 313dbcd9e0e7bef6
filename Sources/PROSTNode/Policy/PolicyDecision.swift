/// What an instance may spend and hold, with where each figure was set (`Spec/policy.md` §2).
package struct InstanceLimits: Hashable, Sendable {
    private var values: [Ruled<UInt64>]

    /// The built-in figures.
    package init() {
        values = Limit.allCases.map { Ruled($0.builtIn, .builtIn($0.key)) }
    }

    package subscript(_ limit: Limit) -> UInt64 {
        get { values[limit.rawValue].value }
        set { values[limit.rawValue].value = newValue }
    }

    package func origin(_ limit: Limit) -> RuleOrigin { values[limit.rawValue].origin }

    package mutating func set(_ limit: Limit, _ value: UInt64, from origin: RuleOrigin) {
        values[limit.rawValue] = Ruled(value, origin)
    }

    /// Bytes of log at once: a minute's.
    var logBurst: UInt64 { self[.log] * 60 }

    /// Pages of 4 KiB.
    package var memoryPages: UInt32 {
        UInt32(clamping: self[.memory] / Limit.pageBytes)
    }
}

/// One thing that speaks against a package, and what would change it.
package struct PolicyReason: Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case revoked
        case denied
        case capability
        case limit
    }

    package var code: Code
    /// What was asked: `memory`, `capability`, `provider`.
    package var aspect: String
    package var detail: String
    package var origin: RuleOrigin
    /// What the operator would change to allow it.
    package var remedy: String

    package init(
        code: Code,
        aspect: String,
        detail: String,
        origin: RuleOrigin,
        remedy: String
    ) {
        self.code = code
        self.aspect = aspect
        self.detail = detail
        self.origin = origin
        self.remedy = remedy
    }

    package var description: String { "\(aspect): \(detail) (\(origin)); \(remedy)" }
}

/// The owner's answer about one package; a denial carries every reason, not the first.
package enum PolicyDecision: Hashable, Sendable {
    case allow(InstanceLimits)
    case deny([PolicyReason])

    package var reasons: [PolicyReason] {
        if case .deny(let reasons) = self { reasons } else { [] }
    }
}
