/// Why a key file or detached signature in minisign's formats was refused.
package enum MinisignError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is not as the format says.
    case malformed(String)
    case unsupportedAlgorithm(String)
    /// The file asks for more time or memory than is granted to foreign files.
    case tooExpensive(operations: UInt64, memory: UInt64)
    case passphraseNeeded
    case wrongPassphrase
    /// The signature names another key; key ids in hexadecimal.
    case otherKey(signature: String, key: String)
    case badSignature
    case badTrustedComment
    case cryptography(CryptographyError)

    package var description: String {
        switch self {
        case .malformed(let what): "malformed: \(what)"
        case .unsupportedAlgorithm(let name): "unsupported algorithm \(name)"
        case .tooExpensive(let operations, let memory):
            "key file asks for \(operations) operations and \(memory) bytes of memory"
        case .passphraseNeeded: "key file is protected by a passphrase"
        case .wrongPassphrase: "wrong passphrase, or the key file is damaged"
        case .otherKey(let signature, let key): "signed by key \(signature), not by \(key)"
        case .badSignature: "signature is not valid"
        case .badTrustedComment: "trusted comment is not what was signed"
        case .cryptography(let error): "\(error)"
        }
    }
}

/// Identifies a key pair in minisign's files: eight random bytes.
package struct MinisignKeyID: Hashable, Sendable, CustomStringConvertible {
    package static let byteCount = 8

    package let bytes: [UInt8]

    /// `bytes` are eight, which their reader has made sure of.
    init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

    /// As minisign shows it: hexadecimal, last byte first.
    package var description: String {
        bytes.reversed().map { byte in
            let text = String(byte, radix: 16, uppercase: true)
            return text.utf8.count == 1 ? "0" + text : text
        }.joined()
    }
}
