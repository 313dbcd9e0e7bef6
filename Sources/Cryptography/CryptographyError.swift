internal import COpenSSL

/// A refusal of libcrypto: the call that failed and what its error queue said.
package struct CryptographyError: Error, Hashable, Sendable, CustomStringConvertible {
    package let operation: String
    /// Drained from this thread's error queue, oldest first; may be empty.
    package let reasons: [String]

    package init(operation: String, reasons: [String] = []) {
        self.operation = operation
        self.reasons = reasons
    }

    package var description: String {
        let why = reasons.isEmpty ? "" : ": \(reasons.joined(separator: "; "))"
        return "\(operation) failed\(why)"
    }
}

/// The error queue of this thread, which libcrypto keeps until somebody reads it.
enum ErrorQueue {
    static func drain() -> [String] {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            guard code != 0 else { return reasons }
            // The queue itself holds 16 entries.
            if reasons.count < 16 { reasons.append(text(code)) }
        }
    }

    static func error(_ operation: String) -> CryptographyError {
        CryptographyError(operation: operation, reasons: drain())
    }

    private static func text(_ code: UInt) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        unsafe ERR_error_string_n(code, &buffer, buffer.count)
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// Throws unless `result` is 1, which is how libcrypto says that a call succeeded.
func expectSuccess(_ result: Int32, _ operation: String) throws(CryptographyError) {
    guard result == 1 else { throw ErrorQueue.error(operation) }
}

/// Throws if libcrypto handed back no object.
func expectObject<Object>(
    _ object: Object?,
    _ operation: String
) throws(CryptographyError) -> Object {
    guard let object else { throw ErrorQueue.error(operation) }
    return object
}
