/// A network address as a value: IPv6, or IPv4 mapped into it (RFC 4291 §2.5.5.2), and a TCP port.
package struct Endpoint: Hashable, Sendable {
    /// Sixteen bytes, network order, as two words.
    package let address: (UInt64, UInt64)
    package let port: UInt16

    package init(address: (UInt64, UInt64), port: UInt16) {
        self.address = address
        self.port = port
    }

    /// An IPv4 address.
    package init(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8, port: UInt16) {
        let low = UInt64(a) << 24 | UInt64(b) << 16 | UInt64(c) << 8 | UInt64(d)
        self.init(address: (0, 0xFFFF_0000_0000 | low), port: port)
    }

    package var isIPv4: Bool { address.0 == 0 && address.1 >> 32 == 0xFFFF }

    /// The address without port: dotted decimal or full hexadecimal groups.
    package var host: String {
        if isIPv4 {
            return (0..<4).map { String(address.1 >> UInt64(24 - 8 * $0) & 255) }
                .joined(separator: ".")
        }
        return (0..<8).map { group in
            let word = group < 4 ? address.0 : address.1
            return String(word >> UInt64(48 - 16 * (group % 4)) & 0xFFFF, radix: 16)
        }.joined(separator: ":")
    }

    package static func == (left: Self, right: Self) -> Bool {
        left.address == right.address && left.port == right.port
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(address.0)
        hasher.combine(address.1)
        hasher.combine(port)
    }
}

extension Endpoint: CustomStringConvertible {
    package var description: String { isIPv4 ? "\(host):\(port)" : "[\(host)]:\(port)" }
}

extension Endpoint {
    /// No address: of a node that is known by its identifier only.
    package static let unknown = Endpoint(address: (0, 0), port: 0)
}
