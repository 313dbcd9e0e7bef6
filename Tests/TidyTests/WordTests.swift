import Foundation
import Testing

@Suite struct WordTests {
    /// Layers 0 to 4 are deterministic: the same inputs give the same effects on every machine.
    @Test(arguments: [
        "Foundation", "FoundationNetworking", "Glibc", "Dispatch", "NIOCore", "NIOPosix",
        "Date(", "Task", "ContinuousClock", "SuspendingClock", "clock_gettime", "await", "async",
        "SystemRandomNumberGenerator", ".random(", ".shuffled()", ".randomElement()", "Thread",
        "DispatchQueue", "print(", "hashValue", "ProcessInfo", "FileManager",
    ])
    func `the deterministic core names no clock, thread, chance or file`(word: String) {
        for file in Repository.sources where Self.isCore(file.path) {
            guard !Self.exceptions.contains("\(file.path) \(word)") else { continue }
            for line in file.codeLines(with: word) {
                Issue.record("\(file.path):\(line) says \(word)")
            }
        }
    }

    @Test(arguments: ["TODO", "FIXME", "XXX", "HACK"])
    func `nothing is left for later`(word: String) {
        for file in Repository.textFiles where !file.path.hasPrefix("Tests/TidyTests/") {
            for line in file.textLines(with: word) {
                Issue.record("\(file.path):\(line) says \(word)")
            }
        }
    }

    @Test(arguments: ["fatalError(", "preconditionFailure(", "try!", "as!", "@testable"])
    func `sources do not give up`(word: String) {
        for file in Repository.sources {
            guard !Self.exceptions.contains("\(file.path) \(word)") else { continue }
            for line in file.codeLines(with: word) {
                Issue.record("\(file.path):\(line) says \(word)")
            }
        }
    }

    @Test(arguments: ["/home/", "/root/", "/Users/", "/work/"])
    func `no machine's path is in the repository`(path: String) {
        for file in Repository.textFiles where !file.path.hasPrefix("Tests/TidyTests/") {
            for line in file.textLines(with: path) {
                Issue.record("\(file.path):\(line) says \(path)")
            }
        }
    }

    /// Libraries come from where their authors publish them, and no mirror is named.
    @Test func `every package comes from its authors`() {
        let manifest = Repository.file("Package.swift").text
        let addresses = manifest.components(separatedBy: "url: \"").dropFirst()
            .map { $0.components(separatedBy: "\"")[0] }
        #expect(!addresses.isEmpty)
        for address in addresses {
            #expect(address.hasPrefix("https://github.com/"), "\(address)")
        }
        for file in Repository.textFiles where !file.path.hasPrefix("Tests/TidyTests/") {
            for word in ["registry.", "artifactory", "nexus.", "mirror."] {
                for line in file.textLines(with: word) where file.lines[line - 1].contains("://") {
                    Issue.record("\(file.path):\(line) names a registry")
                }
            }
        }
    }

    private static func isCore(_ path: String) -> Bool {
        let target = String(path.split(separator: "/")[1])
        return (LayerTable.layers[target] ?? Int.max) <= 4
    }

    /// "file word": why it may stand there.
    private static let exceptions: Set<String> = Set(
        [
            // Without a digest or memory for one no check of anything is possible.
            "Sources/Cryptography/DigestAlgorithm.swift fatalError(",
            "Sources/Cryptography/Digests.swift fatalError(",
            // Thread-specific storage for the digest that is used again.
            "Sources/Cryptography/DigestAlgorithm.swift Glibc",
            // Pages of memory from the system.
            "Sources/PeerletVM/Memory/MemoryArena.swift Glibc",
        ]
    )
}
