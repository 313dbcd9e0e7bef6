internal import Cryptography
internal import Foundation
internal import PROSTNode
internal import PROSTService
internal import StrictYAML
internal import Wire

/// Files that an owner writes or is given, with the failures that commands report.
enum ConfigurationFiles {
    static func policy(_ path: String) throws(CommandFailure) -> NodePolicy {
        do throws(ConfigurationErrors) {
            return try PolicyFile.load(path: path)
        } catch { throw failure(error) }
    }

    static func service(_ path: String) throws(CommandFailure) -> ServiceConfiguration {
        do throws(ConfigurationErrors) {
            return try ServiceConfiguration.load(path: path)
        } catch { throw failure(error) }
    }

    /// A minisign file, its line, or 64 hexadecimal digits.
    static func operatorKey(_ text: String) throws(CommandFailure) -> PublicKey {
        if let raw = Hexadecimal.bytes(text), let key = PublicKey(raw: raw) { return key }
        let isFile = FileManager.default.fileExists(atPath: text)
        // A line of minisign's is no path, so what looks like one is missing.
        guard isFile || text.hasPrefix("RW") else {
            throw CommandFailure(
                .noInput,
                "there is no operator key \(text)",
                hint: "give the .pub file of the operator, or its line that begins with RW"
            )
        }
        let bytes = isFile ? try InputFile.read(text, limit: 16 * 1024) : Array(text.utf8)
        do throws(MinisignError) {
            return try MinisignPublicKey(file: bytes).key
        } catch { throw CommandFailure(.badInput, "operator key \(text): \(error)") }
    }

    static func joinToken(_ path: String) throws(CommandFailure) -> JoinToken {
        // More than a token has, so that a wrong file is called that and not too large.
        let bytes = try InputFile.read(path, limit: 64 * 1024)
        do throws(WireError) {
            return try JoinToken(wireBytes: bytes, "join token")
        } catch {
            throw CommandFailure(
                .badInput,
                "\(path) is no join token: \(error)",
                hint: "prost-asm token makes one"
            )
        }
    }

    /// A file that is not there is missing input; what is wrong inside is configuration.
    private static func failure(_ errors: ConfigurationErrors) -> CommandFailure {
        let count = errors.errors.count
        return CommandFailure(
            errors.isUnreadable ? .noInput : .configuration,
            count == 1
                ? errors.description
                : "\(count) mistakes\n" + errors.errors.map { "  \($0)" }.joined(separator: "\n"),
            details: .list(
                errors.errors.map {
                    .object([
                        .init("file", .text($0.file)), .init("line", .integer(Int64($0.line))),
                        .init("path", .text($0.path)), .init("message", .text($0.what)),
                    ])
                }
            )
        )
    }
}
