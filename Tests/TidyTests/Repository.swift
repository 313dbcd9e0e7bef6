import Foundation

/// The repository that these tests stand in, read once.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file of `Sources` and `Tests`, and `Package.swift`, by path.
    static let swiftFiles: [SourceFile] =
        files(under: ["Sources", "Tests"], endings: ["swift"])
        + [file("Package.swift")]

    static let sources = swiftFiles.filter { $0.path.hasPrefix("Sources/") }

    /// Everything that people read: sources, peerlets, specifications, scripts, top-level pages.
    static let textFiles: [SourceFile] =
        swiftFiles
        + files(
            under: ["Sources", "Tests", "PeerletASM", "Spec", "Scripts", ".ci"],
            endings: ["md", "pasm", "inc", "sh", "yaml", "h", "modulemap", "run"]
        )
        + topLevel.filter { $0.hasSuffix(".md") }.map(file)

    static let specifications: [SourceFile] = files(under: ["Spec"], endings: ["md"])

    static let manifest = PackageManifest(file("Package.swift"))

    static func file(_ path: String) -> SourceFile {
        let data = (try? Data(contentsOf: root.appendingPathComponent(path))) ?? Data()
        return SourceFile(path: path, bytes: Array(data))
    }

    static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
    }

    private static var topLevel: [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: root.path))?.sorted() ?? []
    }

    private static func files(under folders: [String], endings: Set<String>) -> [SourceFile] {
        folders.flatMap { folder in
            let names =
                (try? FileManager.default.subpathsOfDirectory(
                    atPath: root.appendingPathComponent(folder).path
                )) ?? []
            return names.filter { name in
                let last = name.split(separator: "/").last ?? ""
                let ending = last.split(separator: ".").last.map(String.init) ?? ""
                return endings.contains(ending)
            }.sorted().map { file("\(folder)/\($0)") }
        }
    }
}
