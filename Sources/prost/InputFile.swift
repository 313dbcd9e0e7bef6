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
        let data: Data?
        if path == "-" {
            data = try? FileHandle.standardInput.read(upToCount: limit + 1) ?? Data()
        } else {
            guard FileManager.default.fileExists(atPath: path) else {
                throw CommandFailure(.noInput, "there is no file \(path)")
            }
            guard !isFolder(path) else { throw CommandFailure(.noInput, "\(path) is a folder") }
            let handle = FileHandle(forReadingAtPath: path)
            data = try? handle?.read(upToCount: limit + 1) ?? Data()
        }
        guard let data else {
            throw CommandFailure(.noInput, "cannot read \(path): no permission, or a broken disk")
        }
        guard data.count <= limit else {
            throw CommandFailure(.badInput, "\(path) is larger than \(limit) bytes", hint: hint)
        }
        return Array(data)
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
