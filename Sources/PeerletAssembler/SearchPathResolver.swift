/// Includes from folders, read by a function that the caller gives: beside the including file, in
/// the folders in order, last the standard library of this assembler.
package struct SearchPathResolver: SourceResolver {
    package enum ReadResult: Sendable {
        case bytes([UInt8])
        case missing
        /// It exists but cannot be read, and why.
        case unreadable(String)
    }

    private let folders: [String]
    private let read: (_ path: String) -> ReadResult

    package init(folders: [String], read: @escaping (_ path: String) -> ReadResult) {
        self.folders = folders
        self.read = read
    }

    package func resolve(_ path: String, includedFrom includer: String) -> SourceResolution {
        var searched: [String] = []
        let beside = Self.folder(of: includer)
        let candidates =
            path.hasPrefix("/") ? [path] : ([beside] + folders).map { Self.join($0, path) }
        for candidate in candidates where !searched.contains(candidate) {
            searched.append(candidate)
            switch read(candidate) {
            case .bytes(let bytes): return .found(SourceFile(path: candidate, bytes: bytes))
            case .unreadable(let reason): return .unreadable(path: candidate, reason: reason)
            case .missing: continue
            }
        }
        if let text = StandardLibrary.text(of: path) {
            return .found(SourceFile(path: "<prost>/\(path)", text: text))
        }
        return .missing(searched: searched)
    }

    /// Empty for the current folder.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Joined, without `.` and without `x/..`, so that one file has one path.
    package static func join(_ folder: String, _ path: String) -> String {
        let whole = folder.isEmpty ? path : "\(folder)/\(path)"
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return (whole.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}
