internal import Glibc
package import KBR
package import NIOCore

extension Endpoint {
    /// Nil for a Unix socket.
    package init?(_ address: SocketAddress) {
        guard let port = address.port.flatMap({ UInt16(exactly: $0) }) else { return nil }
        // The structures' own bytes, as the kernel's interface fixes them: after the family and
        // the port come the address (IPv4) or the flow label and the address (IPv6).
        let start: Int
        let count: Int
        switch address {
        case .v4: (start, count) = (4, 4)
        case .v6: (start, count) = (8, 16)
        case .unixDomainSocket: return nil
        }
        let bytes = unsafe address.withSockAddr { pointer, size in
            let raw = unsafe UnsafeRawBufferPointer(start: pointer, count: size)
            return unsafe Array(raw[start..<start + count])
        }
        var words: (UInt64, UInt64) = (0, count == 4 ? 0xFFFF : 0)
        for byte in bytes {
            words = (words.0 << 8 | words.1 >> 56, words.1 << 8 | UInt64(byte))
        }
        self.init(address: words, port: port)
    }

    /// The address to bind or to connect to.
    package func socketAddress() throws -> SocketAddress {
        var bytes = ByteBuffer()
        if isIPv4 {
            bytes.writeInteger(UInt32(truncatingIfNeeded: address.1))
        } else {
            bytes.writeInteger(address.0)
            bytes.writeInteger(address.1)
        }
        return try SocketAddress(packedIPAddress: bytes, port: Int(port))
    }

    /// Whether this is the address that means "all of this machine's".
    package var isUnspecified: Bool {
        address.0 == 0 && (address.1 == 0 || address.1 == 0xFFFF_0000_0000)
    }
}

/// Keeps a write to a closed peer from ending the process.
package func ignoreBrokenPipeSignal() { _ = signal(SIGPIPE, SIG_IGN) }
