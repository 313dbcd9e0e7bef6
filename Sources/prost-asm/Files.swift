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

    /// Not a pipe, a device or standard input.
    static func isFile(_ path: String) -> Bool { kind(path) == .file }

    /// Whether what is written there will be a file of that name.
    static func becomesFile(_ path: String) -> Bool { [.file, .nothing].contains(kind(path)) }

    enum Kind { case file, folder, nothing, other }

    /// Of what the path leads to, through links.
    static func kind(_ path: String) -> Kind {
        guard path != "-" else { return .other }
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return .nothing }
        return switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
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
