package import SansIO
package import Wire

/// Why a package was refused (`Spec/package.md` §6).
package enum PackageError: Error, Equatable, Sendable, CustomStringConvertible {
    case tooLarge(count: Int, limit: Int)
    /// Container or manifest cannot be decoded: the field, the byte and the reason.
    case malformed(WireError)
    /// The bytes are not those that were asked for; hexadecimal SHA-256.
    case wrongDigest(expected: String, actual: String)
    case badSignature
    case badDelegation
    case delegationExpired(WallTime)
    case unsupportedABI(version: UInt16, supported: UInt16)
    case unsupportedPriceTable(version: UInt16, supported: UInt16)
    case notYetValid(from: WallTime)
    case expired(WallTime)
    case codeLength(manifest: UInt32, actual: Int)
    case codeDigest
    /// The signer's epoch is lower than one already seen from this root.
    case staleEpoch(UInt64, floor: UInt64)
    /// The application's version is lower than one already seen.
    case staleVersion(UInt64, floor: UInt64)
    /// Another package of this version was seen before.
    case versionReused(UInt64)
    /// The code section is not a program image.
    case malformedProgram(WireError)
    case importsDiffer
    case exportsDiffer

    /// Stable name of the reason, as the specification and the vectors write it.
    package var code: String {
        switch self {
        case .tooLarge: "too-large"
        case .malformed: "malformed"
        case .wrongDigest: "wrong-digest"
        case .badSignature: "bad-signature"
        case .badDelegation: "bad-delegation"
        case .delegationExpired: "delegation-expired"
        case .unsupportedABI: "unsupported-abi"
        case .unsupportedPriceTable: "unsupported-price-table"
        case .notYetValid: "not-yet-valid"
        case .expired: "expired"
        case .codeLength: "code-length"
        case .codeDigest: "code-digest"
        case .staleEpoch: "stale-epoch"
        case .staleVersion: "stale-version"
        case .versionReused: "version-reused"
        case .malformedProgram: "malformed-program"
        case .importsDiffer: "imports-differ"
        case .exportsDiffer: "exports-differ"
        }
    }

    /// Whether the package is well formed and still not to be trusted: by its signatures, its time
    /// or what was seen before it.
    package var isRefusal: Bool {
        switch self {
        case .wrongDigest, .badSignature, .badDelegation, .delegationExpired, .notYetValid,
            .expired, .staleEpoch, .staleVersion, .versionReused:
            true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .tooLarge(let count, let limit):
            "package of \(count) bytes is over the limit of \(limit)"
        case .malformed(let error): "package is malformed: \(error)"
        case .wrongDigest(let expected, let actual):
            "package is sha256:\(actual), not sha256:\(expected)"
        case .badSignature: "package signature is not the signer's"
        case .badDelegation: "the root key did not delegate to this signer"
        case .delegationExpired(let time): "delegation expired at \(time)"
        case .unsupportedABI(let version, let supported):
            "package is for ABI version \(version), this node has \(supported)"
        case .unsupportedPriceTable(let version, let supported):
            "package is for price table \(version), this node has \(supported)"
        case .notYetValid(let time): "package is valid only from \(time)"
        case .expired(let time): "package expired at \(time)"
        case .codeLength(let manifest, let actual):
            "code section has \(actual) bytes, the manifest says \(manifest)"
        case .codeDigest: "code section has another SHA-256 than the manifest says"
        case .staleEpoch(let epoch, let floor):
            "signer epoch \(epoch) is lower than \(floor), already seen"
        case .staleVersion(let version, let floor):
            "version \(version) is lower than \(floor), already seen"
        case .versionReused(let version): "another package of version \(version) was seen before"
        case .malformedProgram(let error): "program image is malformed: \(error)"
        case .importsDiffer: "manifest and program import different host calls"
        case .exportsDiffer: "manifest and program export different functions"
        }
    }
}
