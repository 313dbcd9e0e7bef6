package import Chord
package import Cryptography
package import KBR
package import PROSTNode
package import SansIO

/// A host name or address with a port.
package struct HostPort: Hashable, Sendable, CustomStringConvertible {
    package var host: String
    package var port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// From `HOST:PORT` or `[ADDRESS]:PORT`; nil if it is neither.
    package init?(_ text: some StringProtocol) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits)
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, host.utf8.count <= 253,
            host.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x40 && $0 != 0x2F })
        else { return nil }
        self.init(host: String(host), port: port)
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// Whom to join through: `[ID@]HOST:PORT`; with an identifier nobody else is accepted there.
package struct JoinAddress: Hashable, Sendable, CustomStringConvertible {
    package var id: Identifier?
    package var address: HostPort

    package init(id: Identifier?, address: HostPort) {
        self.id = id
        self.address = address
    }

    /// Nil unless `text` has that form and a port above zero.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count <= 2, let last = parts.last, let address = HostPort(last),
            address.port > 0
        else { return nil }
        var id: Identifier?
        if parts.count == 2 {
            guard let parsed = Identifier(hexadecimal: parts[0]) else { return nil }
            id = parsed
        }
        self.init(id: id, address: address)
    }

    package var description: String { (id.map { "\($0.hexadecimal)@" } ?? "") + "\(address)" }
}

package enum LogLevel: String, CaseIterable, Sendable {
    case trace, debug, info, notice, warning, error, critical
}

/// Everything that a node's configuration file may set (`Spec/policy.md` §7).
///
/// What is nil was not set; flags and defaults of the command decide.
package struct ServiceConfiguration: Hashable, Sendable {
    package var nodeName: String?
    package var dataDirectory: String?
    package var ringName: String?
    package var listen: HostPort?
    package var advertise: HostPort?
    package var join: [JoinAddress] = []
    /// Closes the ring: whose tokens let nodes in.
    package var operatorKey: PublicKey?
    package var joinTokenFile: String?
    /// Length r of the successor list; a parameter of the ring.
    package var successors: Int?
    /// What this node knows of its ring beyond its neighbours.
    package var geometry: Geometry?
    /// Replica count k; a parameter of the ring.
    package var replicas: Int?
    package var policyFile: String?
    package var totals = NodeTotals()
    package var logLevel: LogLevel?
    package var shutdownGrace: TimeSpan?

    package init() {}
}
