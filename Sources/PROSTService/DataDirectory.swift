package import Cryptography
internal import Foundation

/// Why a node's folder cannot be used.
package struct DataDirectoryError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}

/// A node's folder: its key, store and socket; one process at a time (`Spec/node.md` §9).
package final class DataDirectory: Sendable {
    package let path: String
    private let lock: Int32

    package var keyFile: String { path + "/node.key" }
    package var storeFile: String { path + "/store.sqlite" }
    package var socketFile: String { path + "/node.sock" }

    /// Makes the folder if need be and takes it for this process.
    package init(path: String) throws(DataDirectoryError) {
        self.path = path
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw DataDirectoryError("cannot make \(path): \(error.localizedDescription)")
        }
        // sun_path holds 108 bytes.
        guard path.utf8.count + "/node.sock".utf8.count < 107 else {
            throw DataDirectoryError(
                "\(path) is too long for a socket; choose a shorter data_dir"
            )
        }
        let file = path + "/lock"
        let descriptor = unsafe open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw DataDirectoryError("cannot open \(file)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw DataDirectoryError("\(path) is in use by another node; stop it first")
        }
        lock = descriptor
    }

    deinit { close(lock) }

    /// The node's key, made at the first start: whole on the disk before it has its name.
    package func nodeKey() throws -> PrivateKey {
        if let data = FileManager.default.contents(atPath: keyFile) {
            return try PrivateKey(pem: Array(data))
        }
        guard !FileManager.default.fileExists(atPath: keyFile) else {
            throw DataDirectoryError("cannot read \(keyFile)")
        }
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

    private func syncFolder() -> Bool {
        let folder = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard folder >= 0 else { return false }
        defer { close(folder) }
        return fsync(folder) == 0
    }
}
