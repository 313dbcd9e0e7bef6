internal import Foundation
internal import PeerletAssembler
internal import PeerletBytecode

/// Reading and writing whole files, with the failures that commands report.
enum Files {
    /// Nothing that the tools read is larger: source text and debug information.
    static let limit = max(AssemblyLimits.fileBytes, BytecodeLimits.debugInfo)

    /// At most `limit` bytes of a file, `-` is standard input.
    static func read(_ path: String) throws(CommandFailure) -> [UInt8] {
        if path == "-" { return try bounded(.standardInput, path) }
        if isFolder(path) {
            throw CommandFailure(code: .noInput, name: "is-folder", message: "\(path) is a folder")
        }
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure(
                code: .noInput,
                name: "missing",
                message: "there is no file \(path)"
            )
        }
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw CommandFailure(code: .noInput, name: "unreadable", message: "cannot open \(path)")
        }
        defer { try? handle.close() }
        return try bounded(handle, path)
    }

    private static func bounded(
        _ handle: FileHandle,
        _ path: String
    ) throws(CommandFailure) -> [UInt8] {
        var bytes: [UInt8] = []
        do {
            while bytes.count <= limit {
                guard let part = try handle.read(upToCount: limit + 1 - bytes.count), !part.isEmpty
                else { return bytes }
                bytes += part
            }
        } catch {
            throw CommandFailure(code: .noInput, name: "unreadable", message: "cannot read \(path)")
        }
        throw CommandFailure(
            code: .data,
            name: "too-large",
            message: "\(path) is larger than \(limit) bytes"
        )
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// `-` is standard output.
    ///
    /// A secret is for its owner's eyes only, from its first byte on.
    static func write(
        _ bytes: [UInt8],
        to path: String,
        isSecret: Bool = false
    ) throws(CommandFailure) {
        if path == "-" {
            FileHandle.standardOutput.write(Data(bytes))
            return
        }
        do {
            if isSecret {
                try? FileManager.default.removeItem(atPath: path)
                let mode = [FileAttributeKey.posixPermissions: 0o600]
                guard FileManager.default.createFile(atPath: path, contents: nil, attributes: mode),
                    let handle = FileHandle(forWritingAtPath: path)
                else { throw CocoaError(.fileWriteUnknown) }
                try handle.write(contentsOf: Data(bytes))
                try handle.close()
            } else {
                try Data(bytes).write(to: URL(filePath: path), options: .atomic)
            }
        } catch {
            throw CommandFailure(
                code: .cannotCreate,
                name: "cannot-write",
                message: "cannot write \(path)"
            )
        }
    }

    static func makeFolder(_ path: String) throws(CommandFailure) {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true
            )
        } catch {
            throw CommandFailure(
                code: .cannotCreate,
                name: "cannot-write",
                message: "cannot make the folder \(path)"
            )
        }
    }
}
