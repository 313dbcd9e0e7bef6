internal import Foundation

// Files are replaced as a whole, by renaming; devices, pipes and standard output are written to.
extension Files {
    /// `-` is standard output.
    ///
    /// A secret is for its owner's eyes only, from its first byte on.
    static func write(
        _ bytes: [UInt8],
        to path: String,
        isSecret: Bool = false
    ) throws(CommandFailure) {
        do {
            switch kind(path) {
            case .file, .nothing: try replace(try target(of: path), with: bytes, isSecret: isSecret)
            case .other: try pour(bytes, into: path)
            case .folder: throw CocoaError(.fileWriteInvalidFileName)
            }
        } catch {
            throw CommandFailure(
                code: .cannotCreate,
                name: "cannot-write",
                message: "cannot write \(path)"
            )
        }
    }

    private static func pour(_ bytes: [UInt8], into path: String) throws {
        if path == "-" { return try FileHandle.standardOutput.write(contentsOf: bytes) }
        guard let handle = FileHandle(forWritingAtPath: path) else {
            throw CocoaError(.fileWriteNoPermission)
        }
        defer { try? handle.close() }
        try handle.write(contentsOf: bytes)
    }

    /// What symbolic links lead to, whether it exists or not; as many links as a kernel follows.
    private static func target(of path: String) throws -> String {
        var path = path
        for _ in 0..<40 {
            guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else {
                return path
            }
            path = link.hasPrefix("/") ? link : folder(of: path) + link
        }
        throw CocoaError(.fileWriteInvalidFileName)
    }

    /// With its slash; empty for the current folder.
    private static func folder(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    /// All of it or nothing: an existing file keeps its rights, a secret has its owner's only.
    private static func replace(_ path: String, with bytes: [UInt8], isSecret: Bool) throws {
        let name = String(UInt64.random(in: 0 ... .max), radix: 36)
        let part = folder(of: path) + ".\(name).part"
        let descriptor = unsafe open(part, O_WRONLY | O_CREAT | O_EXCL, isSecret ? 0o600 : 0o666)
        guard descriptor >= 0 else { throw CocoaError(.fileWriteNoPermission) }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            var old = stat()
            if !isSecret, unsafe stat(path, &old) == 0 {
                _ = fchmod(descriptor, old.st_mode & 0o777)
            }
            try handle.write(contentsOf: bytes)
            try handle.close()
            guard unsafe rename(part, path) == 0 else { throw CocoaError(.fileWriteUnknown) }
        } catch {
            try? FileManager.default.removeItem(atPath: part)
            throw error
        }
    }
}
