internal import Foundation

/// `.prost`, where a ring of `prost dev` keeps its files: one ring at a time in one folder.
///
/// A lock says whether one runs, since files alone outlive who wrote them.
final class DevelopmentFolder {
    static let path = DevelopmentRing.folder
    static let publicKey = path + "/dev.pub"
    /// Marks a ring's folder that is not to be kept: who finds it without its ring removes it.
    private static let temporary = "/temporary"
    private let lock: Int32

    /// Makes the folder if need be, takes it, and clears away what killed rings left.
    init() throws(CommandFailure) {
        try Self.make(Self.path)
        let ignore = Self.path + "/.gitignore"
        if !FileManager.default.fileExists(atPath: ignore) {
            try Self.write("*\n", to: ignore)
        }
        let file = Self.path + "/lock"
        lock = unsafe open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw SystemError.failure(.cannotCreate, "cannot open \(file)") }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            // Closed by deinit.
            throw CommandFailure(
                .temporary,
                "a ring of 'prost dev' runs in this folder already",
                hint: "Ctrl-C ends it; 'prost deploy' adds a peerlet to it"
            )
        }
        sweep()
    }

    deinit { if lock >= 0 { close(lock) } }

    /// The folder of a new ring.
    func makeRing(_ name: String, isKept: Bool) throws(CommandFailure) -> String {
        let folder = Self.path + "/" + name
        try Self.make(folder)
        if !isKept { try Self.write("", to: folder + Self.temporary) }
        return folder
    }

    private func sweep() {
        let files = FileManager.default
        try? files.removeItem(atPath: DevelopmentRing.file)
        for name in (try? files.contentsOfDirectory(atPath: Self.path)) ?? [] {
            let folder = Self.path + "/" + name
            guard name.hasPrefix("dev-"), files.fileExists(atPath: folder + Self.temporary),
                !Self.hasNode(folder)
            else { continue }
            try? files.removeItem(atPath: folder)
        }
    }

    /// Whether a node in the ring's folder still runs: nodes hold the lock of their own folder.
    private static func hasNode(_ ring: String) -> Bool {
        let nodes = (try? FileManager.default.contentsOfDirectory(atPath: ring)) ?? []
        return nodes.contains { node in
            let descriptor = unsafe open("\(ring)/\(node)/lock", O_RDWR | O_CLOEXEC)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            return flock(descriptor, LOCK_EX | LOCK_NB) != 0
        }
    }

    private static func make(_ path: String) throws(CommandFailure) {
        if unsafe mkdir(path, 0o755) == 0 { return }
        guard errno == EEXIST else {
            throw SystemError.failure(.cannotCreate, "cannot make \(path)")
        }
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else {
            throw CommandFailure(.cannotCreate, "cannot make \(path): it is there and no folder")
        }
    }

    static func write(_ text: String, to path: String) throws(CommandFailure) {
        guard FileManager.default.createFile(atPath: path, contents: Data(text.utf8)) else {
            throw SystemError.failure(.cannotCreate, "cannot write \(path)")
        }
    }
}

/// A failed system call, in the system's words.
enum SystemError {
    /// To be called before anything else changes `errno`.
    static func failure(_ status: ExitStatus, _ what: String) -> CommandFailure {
        CommandFailure(status, "\(what): \(unsafe String(cString: strerror(errno)))")
    }
}
