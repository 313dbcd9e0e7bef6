internal import Wire

/// Why a locator is not followed.
package enum LocatorError: Error, Hashable, Sendable, CustomStringConvertible {
    case tooLong(count: Int, limit: Int)
    case malformed(String)
    case unknownScheme(String)
    /// A `ring:` locator that names another package than the message.
    case otherPackage
    case hostNotAllowed(String)
    /// `file:` from the network.
    case fileFromPeer

    package var description: String {
        switch self {
        case .tooLong(let count, let limit): "locator has \(count) bytes, at most \(limit)"
        case .malformed(let why): "locator is malformed: \(why)"
        case .unknownScheme(let scheme): "locator scheme \(scheme) is not ring, https or file"
        case .otherPackage: "locator names another package than the message"
        case .hostNotAllowed(let host):
            "policy does not allow fetching code from \(host); add it to https_hosts"
        case .fileFromPeer: "a file: locator means nothing to another node"
        }
    }
}

/// Where a message says that its code can be had (`Spec/loading.md` §2).
package enum CodeLocator: Hashable, Sendable {
    case ring(PackageDigest)
    /// Host in lower case, and the whole locator.
    case https(host: String, url: String)
    case file(path: String)

    package init(_ text: String) throws(LocatorError) {
        let count = text.utf8.count
        guard count <= WireLimits.locator else {
            throw .tooLong(count: count, limit: WireLimits.locator)
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .malformed("only printable ASCII without spaces")
        }
        guard let colon = text.firstIndex(of: ":") else { throw .malformed("no scheme") }
        let rest = text[text.index(after: colon)...]
        switch text[..<colon] {
        case "ring":
            guard rest.hasPrefix("sha256:"), let digest = PackageDigest(rest) else {
                throw .malformed("expected ring:sha256: and 64 hexadecimal digits")
            }
            self = .ring(digest)
        case "https": self = .https(host: try Self.host(of: rest), url: text)
        case "file":
            guard rest.hasPrefix("/"), !rest.hasPrefix("//") else {
                throw .malformed("expected file: and an absolute path")
            }
            self = .file(path: String(rest))
        case let scheme: throw .unknownScheme(String(scheme.prefix(16)))
        }
    }

    /// Whether a client may have a node tell others to fetch `package` there; empty: nowhere.
    package static func checkOffer(
        _ text: String,
        of package: PackageDigest
    ) throws(LocatorError) {
        guard !text.isEmpty else { return }
        switch try CodeLocator(text) {
        case .ring(let digest): guard digest == package else { throw .otherPackage }
        case .https: break
        case .file: throw .fileFromPeer
        }
    }

    /// The host of `//host[:port]/path`.
    ///
    /// User names, fragments and bracketed addresses are refused:
    /// they serve only to disguise where a request goes.
    private static func host(of rest: Substring) throws(LocatorError) -> String {
        guard rest.hasPrefix("//") else { throw .malformed("expected https://host/path") }
        let authority = rest.dropFirst(2).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest.dropFirst(2 + authority.count)
        guard path.first == "/", !path.contains("#"), !path.contains("\\") else {
            throw .malformed("expected https://host/path")
        }
        let parts = authority.split(separator: ":", omittingEmptySubsequences: false)
        guard let name = parts.first, parts.count <= 2 else { throw .malformed("bad host") }
        if parts.count == 2 {
            guard parts[1].allSatisfy(\.isWholeNumber), let port = UInt16(parts[1]), port > 0
            else { throw .malformed("bad port") }
        }
        let host = name.lowercased()
        let isPlain = host.allSatisfy {
            $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".")
        }
        guard isPlain, !host.isEmpty, host.first != ".", host.first != "-", host.last != "." else {
            throw .malformed("bad host")
        }
        return host
    }
}
