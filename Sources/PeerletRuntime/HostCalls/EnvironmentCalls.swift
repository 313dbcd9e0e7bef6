internal import Cryptography
internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletVM
internal import Wire

// `env.*` (`Spec/abi.md` §4.6).
extension UpcallExecution {
    private static let statisticsPerUpcall = 64

    func getEnvironment() throws(HostCallStop) -> Int64 {
        let what = try number(0, in: 1...11)
        let capacity = try number(2, in: 0...Int64(Int32.max))
        let out = try range(1, capacity)
        guard let item = environmentItem(what) else { throw .refused(.notFound) }
        try write(Array(item.prefix(capacity)), to: out)
        return Int64(item.count)
    }

    private func environmentItem(_ what: Int) -> [UInt8]? {
        let manifest = invocation.peerlet.manifest
        return switch what {
        case 1: application.identifier.bytes
        case 2: manifest.rootKey.raw
        case 3: LittleEndian.bytes(manifest.version)
        case 4: invocation.parameters
        case 5: limitNumbers.flatMap { LittleEndian.bytes($0) }
        case 6: usageNumbers.flatMap { LittleEndian.bytes($0) }
        case 7: LittleEndian.bytes(UInt64(Identifier.byteCount * 8))
        case 8: invocation.instance.key?.bytes
        case 9: LittleEndian.bytes(invocation.ring.epoch)
        case 10: environment.signer?.publicKey
        default: invocation.peerlet.digest
        }
    }

    private var limitNumbers: [UInt64] {
        let maximumPages = invocation.peerlet.program.image.memory.maximumPages
        return [invocation.fuel, UInt64(min(maximumPages, limits.memoryPages))]
            + [limits.sends, limits.sendBytes].map { UInt64(clamping: $0) }
            + [limits.storeBytes]
            + [
                limits.storeWrites, limits.timers, limits.requests, limits.watches, limits.logBytes,
                WireLimits.payload, WireLimits.storeValue,
            ].map { UInt64(clamping: $0) }
    }

    private var usageNumbers: [UInt64] {
        [lease.spent(by: machine), UInt64(machine.memoryPages)]
            + [usage.sends, usage.sendBytes].map { UInt64(clamping: $0) }
            + [UInt64(max(0, store.growth))]
            + [
                store.writeCount, usage.timers, usage.requests, usage.watches, usage.logBytes,
                invocation.event.payload.count, 0,
            ].map { UInt64(clamping: $0) }
    }

    func log() throws(HostCallStop) -> Int64 {
        let level = try number(0, in: 0...3)
        let length = try number(2, in: 0...Int64(Int32.max))
        let range = try range(1, length)
        try require(
            .logBytes,
            length,
            used: usage.logBytes,
            maximum: limits.logBytes,
            else: .rate
        )
        usage.logBytes += length
        let text = LogText.cleaned(try load(range))
        effects.append(.log(level: UInt8(truncatingIfNeeded: level), text: text))
        return 0
    }

    func count() throws(HostCallStop) -> Int64 {
        let length = try number(1, in: 1...32)
        let name = try bytes(0, length)
        guard name.allSatisfy(LogText.isNameByte) else { throw .refused(.argument) }
        guard usage.statistics < Self.statisticsPerUpcall else { throw .refused(.rate) }
        usage.statistics += 1
        effects.append(.count(name: name, delta: argument(2)))
        return 0
    }
}

/// What a peerlet may show on an operator's terminal.
enum LogText {
    static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// UTF-8 without control, format and line-breaking characters; line ends and tabs become
    /// spaces, so that no log line can pretend to be two.
    static func cleaned(_ bytes: [UInt8]) -> [UInt8] {
        // Most texts need no look at each character, which takes 35 ns.
        if bytes.allSatisfy({ (0x20..<0x7F).contains($0) }) { return bytes }
        var text = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control:
                if scalar == "\n" || scalar == "\t" { text.append(" ") }
            case .format, .lineSeparator, .paragraphSeparator: continue
            default: text.append(scalar)
            }
        }
        return Array(String(text).utf8)
    }
}
