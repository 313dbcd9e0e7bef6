package import KBR
package import PeerletPackage
package import PeerletRuntime
package import PeerletVM
internal import SansIO

/// Why code is not available for a message (`Spec/loading.md` §5).
package enum LoadError: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Bound: String, Sendable {
        case fetches = "fetches on this node"
        case fetchesPerApplication = "fetches for this application"
        case fetchesPerLink = "fetches for this link"
        case waitingPerApplication = "messages waiting for this application"
        case waitingPerLink = "messages waiting from this link"
        case cache = "room for code that is in use"
    }

    /// Not now: answered with BUSY, never remembered, moves no responsibility.
    case busy(Bound)
    /// No source had it.
    case unavailable([SourceFailure])
    /// The load took longer than a load may.
    case timedOut([SourceFailure])
    case tooLarge(count: Int, limit: Int)
    /// Signature, validity, version floor, form.
    case package(PackageError)
    case verification(VerificationError)
    case policy([PolicyReason])
    /// The package is of another application than the message.
    case wrongApplication(expected: ApplicationID, found: ApplicationID)
    /// The node's own copy is damaged or cannot be read.
    case store(StoreError)

    /// The same message may succeed on this node a little later.
    package var isTemporary: Bool {
        switch self {
        case .busy, .store: true
        case .unavailable, .timedOut, .tooLarge, .package, .verification, .policy,
            .wrongApplication:
            false
        }
    }

    /// Well formed, and still not taken: not trusted, or not allowed.
    package var isRefusal: Bool {
        switch self {
        case .policy: true
        case .package(let error): error.isRefusal
        default: false
        }
    }

    package var description: String {
        switch self {
        case .busy(let bound): "too many \(bound.rawValue); try again"
        case .unavailable(let failures):
            "no source had the code: \(Self.list(failures, orElse: "none was named"))"
        case .timedOut(let failures):
            "loading took too long: \(Self.list(failures, orElse: "a source was too slow"))"
        case .tooLarge(let count, let limit): "package has \(count) bytes, at most \(limit)"
        case .package(let error): error.description
        case .verification(let error): error.description
        case .policy(let reasons):
            "policy refuses: " + reasons.map(\.description).joined(separator: "; ")
        case .wrongApplication(let expected, let found):
            "package is of application \(found), the message is for \(expected)"
        case .store(let error): "own store: \(error.description)"
        }
    }

    private static func list(_ failures: [SourceFailure], orElse text: String) -> String {
        failures.isEmpty ? text : failures.map(\.description).joined(separator: "; ")
    }
}

extension LoadError {
    /// How long to answer with this error without trying again; nil: not at all.
    func rejectionTime(_ limits: LoaderLimits, at wall: WallTime) -> TimeSpan? {
        switch self {
        case .busy, .wrongApplication, .store: nil
        case .unavailable, .timedOut: limits.unavailableTime
        case .package(.notYetValid(let start)):
            min(
                limits.rejectionTime,
                .milliseconds(
                    start.milliseconds > wall.milliseconds
                        ? start.milliseconds - wall.milliseconds : 0
                )
            )
        case .tooLarge, .package, .verification, .policy: limits.rejectionTime
        }
    }
}
