internal import Foundation
internal import Wire

/// Reading whole files, with the failures that commands report.
enum InputFile {
    /// At most `limit` bytes of a file, else `hint` says what to do; `-` is standard input.
    static func read(
        _ path: String,
        limit: Int,
        hint: String? = nil
    ) throws(CommandFailure) -> [UInt8] {
        let handle = try handle(path)
        var bytes: [UInt8] = []
        do {
            // A pipe gives what it has.
            while bytes.count <= limit {
                guard let part = try handle.read(upToCount: limit + 1 - bytes.count), !part.isEmpty
                else { return bytes }
                bytes += part
            }
        } catch { throw unreadable(path) }
        throw CommandFailure(.badInput, "\(path) is larger than \(limit) bytes", hint: hint)
    }

    private static func handle(_ path: String) throws(CommandFailure) -> FileHandle {
        if path == "-" { return .standardInput }
        guard FileManager.default.fileExists(atPath: path) else {
            throw CommandFailure(.noInput, "there is no file \(path)")
        }
        guard !isFolder(path) else { throw CommandFailure(.noInput, "\(path) is a folder") }
        guard let handle = FileHandle(forReadingAtPath: path) else { throw unreadable(path) }
        return handle
    }

    private static func unreadable(_ path: String) -> CommandFailure {
        CommandFailure(.noInput, "cannot read \(path): no permission, or a broken disk")
    }

    static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    static func package(_ path: String) throws(CommandFailure) -> [UInt8] {
        try read(path, limit: WireLimits.package)
    }
}
