package import Cryptography
internal import Foundation

/// Why a node's folder cannot be used.
package struct DataDirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Sendable {
        case unusable
        /// Another process has it.
        case inUse
        /// It belongs to, or is open to, somebody else.
        case notPrivate
    }

    package var reason: Reason
    package var description: String
    /// What to do about it.
    package var advice: String?

    init(_ description: String, _ reason: Reason = .unusable, advice: String? = nil) {
        self.description = description
        self.reason = reason
        self.advice = advice
    }
}

/// A node's folder: its key, store and socket; one process at a time (`Spec/node.md` §9).
package final class DataDirectory: Sendable {
    package let path: String
    private let lock: Int32

    package var keyFile: String { path + "/node.key" }
    package var storeFile: String { path + "/store.sqlite" }
    package var socketFile: String { path + "/node.sock" }

    /// Makes the folder if need be and takes it for this process; nobody else may have access.
    package init(path: String) throws(DataDirectoryError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw DataDirectoryError("cannot make \(path): \(Self.reason(error, path))")
        }
        // sun_path holds 108 bytes.
        guard path.utf8.count + "/node.sock".utf8.count < 107 else {
            throw DataDirectoryError(
                "\(path) is too long for a socket; choose a shorter data_dir"
            )
        }
        try Self.checkAccess(path, O_DIRECTORY)
        let file = path + "/lock"
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DataDirectoryError("cannot open \(file)") }
        do throws(DataDirectoryError) {
            try Self.checkAccess(file, descriptor: descriptor)
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                throw DataDirectoryError(
                    "\(path) is in use by another node",
                    .inUse,
                    advice: "stop it first, or choose another folder"
                )
            }
        } catch {
            close(descriptor)
            throw error
        }
        lock = descriptor
    }

    private static func reason(_ error: any Error, _ path: String) -> String {
        if FileManager.default.fileExists(atPath: path) { return "it is there and no folder" }
        let cause = (error as? CocoaError)?.underlying as? POSIXError
        return cause.map { unsafe String(cString: strerror($0.code.rawValue)) }
            ?? "no permission, or a file in the way"
    }

    private static func checkAccess(_ path: String, _ flags: Int32) throws(DataDirectoryError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | flags)
        guard descriptor >= 0 else { throw DataDirectoryError("cannot open \(path)") }
        defer { close(descriptor) }
        try checkAccess(path, descriptor: descriptor)
    }

    /// Whoever can write here or read the key is this node.
    private static func checkAccess(
        _ path: String,
        descriptor: Int32
    ) throws(DataDirectoryError) {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw DataDirectoryError("cannot look at \(path)")
        }
        guard status.st_uid == geteuid() else {
            throw DataDirectoryError(
                "\(path) belongs to user \(status.st_uid), this process runs as \(geteuid())",
                .notPrivate,
                advice: "start the node as the folder's owner"
            )
        }
        guard status.st_mode & 0o077 == 0 else {
            throw DataDirectoryError(
                "\(path) is open to other users (mode \(String(status.st_mode & 0o777, radix: 8)))",
                .notPrivate,
                advice: "chmod go= \(path)"
            )
        }
    }

    deinit { close(lock) }

    /// The node's key, made at the first start: whole on the disk before it has its name.
    package func nodeKey() throws -> PrivateKey {
        if FileManager.default.fileExists(atPath: keyFile) { return try readKey() }
        let key = try PrivateKey.generate()
        let draft = keyFile + ".new"
        _ = unsafe unlink(draft)
        let descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DataDirectoryError("cannot write \(draft)") }
        defer { close(descriptor) }
        let bytes = try key.pem()
        let written = unsafe bytes.withUnsafeBytes {
            unsafe write(descriptor, $0.baseAddress, $0.count)
        }
        guard written == bytes.count, fsync(descriptor) == 0,
            unsafe rename(draft, keyFile) == 0, syncFolder()
        else { throw DataDirectoryError("cannot write \(keyFile)") }
        return key
    }

    private func readKey() throws -> PrivateKey {
        try Self.checkAccess(keyFile, O_NOFOLLOW)
        guard let data = FileManager.default.contents(atPath: keyFile) else {
            throw DataDirectoryError("cannot read \(keyFile)")
        }
        do {
            return try PrivateKey(pem: Array(data))
        } catch {
            throw DataDirectoryError("\(keyFile) is no key of a node: \(error)")
        }
    }

    private func syncFolder() -> Bool {
        let folder = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        return fsync(folder) == 0
    }
}
