import Cryptography
import Foundation
import PROSTService
import Testing

/// Whoever can write a node's folder or read its key is that node (`Spec/node.md` §9).
@Suite struct DataDirectoryTests {
    private static func folder() -> String {
        NSTemporaryDirectory() + "prost-data-" + UUID().uuidString.prefix(8).lowercased()
    }

    private static func reason(_ body: () throws -> Void) -> DataDirectoryError.Reason? {
        do {
            try body()
            return nil
        } catch { return (error as? DataDirectoryError)?.reason }
    }

    @Test func `a folder that the node makes is its owner's alone, and its key stays the same`()
        throws
    {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try DataDirectory(path: path).nodeKey().publicKey
        for (file, mode) in [("", 0o700), ("/lock", 0o600), ("/node.key", 0o600)] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path + file)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == mode, "\(file)")
        }
        #expect(try DataDirectory(path: path).nodeKey().publicKey == first)
    }

    @Test(arguments: [0o701, 0o720, 0o755, 0o777])
    func `a folder that is open to others is refused`(mode: Int) throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        #expect(Self.reason { _ = try DataDirectory(path: path) } == .notPrivate)
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: path)
        #expect(Self.reason { _ = try DataDirectory(path: path) } == nil)
    }

    @Test func `a lock or key that leads elsewhere is refused`() throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try DataDirectory(path: path).nodeKey()
        for file in ["lock", "node.key"] {
            let place = path + "/" + file
            try FileManager.default.moveItem(atPath: place, toPath: place + ".real")
            try FileManager.default.createSymbolicLink(
                atPath: place,
                withDestinationPath: place + ".real"
            )
            #expect(Self.reason { _ = try DataDirectory(path: path).nodeKey() } == .unusable)
            try FileManager.default.removeItem(atPath: place)
            try FileManager.default.moveItem(atPath: place + ".real", toPath: place)
        }
        #expect(Self.reason { _ = try DataDirectory(path: path).nodeKey() } == nil)
    }

    /// Only root can give a folder away.
    @Test(.enabled(if: geteuid() == 0))
    func `a folder of another user is refused`() throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        _ = try DataDirectory(path: path)
        for file in ["/lock", ""] {
            let result = unsafe chown(path + file, 65_534, 65_534)
            try #require(result == 0)
            #expect(Self.reason { _ = try DataDirectory(path: path) } == .notPrivate)
        }
    }

    @Test func `a folder is used by one process at a time`() throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let first = try DataDirectory(path: path)
        #expect(Self.reason { _ = try DataDirectory(path: path) } == .inUse)
        withExtendedLifetime(first) {}
    }
}
