internal import Cryptography
internal import Foundation
internal import PeerletBytecode
internal import PeerletPackage
internal import SansIO
internal import Testing

/// What `sign` keeps of a package, and what `verify` says of it.
@Suite struct SigningCommandTests {
    /// Keys root, ci and other; `ci.delegation`; `app.peerlet`, made by ci for the root.
    private func delegated(_ days: String = "90") throws -> Tool {
        let tool = try Tool()
        for name in ["root", "ci", "other"] {
            _ = try tool.run("key", "new", "\(name).key", "--no-passphrase")
        }
        let made = try tool.run(
            "key",
            "delegate",
            "ci.pub",
            "--epoch",
            "3",
            "--key-file",
            "root.key",
            "--days",
            days
        )
        #expect(made.status == 0, "\(made.err)")
        try tool.write(".prost 1\n.name \"app\"\nexport proc f()\nend\n", "app.pasm")
        let build = try tool.run(
            "build",
            "app.pasm",
            "--key-file",
            "ci.key",
            "--delegation",
            "ci.delegation"
        )
        #expect(build.status == 0, "\(build.err)")
        return tool
    }

    private func inspect(_ tool: Tool, _ file: String) throws -> [String: Any] {
        let json = try tool.run("inspect", file, "--json").json
        return try #require(json)
    }

    @Test func `signing anew by the same signer gives the same package`() throws {
        let tool = try delegated()
        let before = try tool.read("app.peerlet")
        let sign = try tool.run("sign", "app.peerlet", "--key-file", "ci.key")
        #expect(sign.status == 0, "\(sign.err)")
        #expect(try tool.read("app.peerlet") == before)
    }

    @Test func `the root key stays unless another is asked for`() throws {
        let tool = try delegated()
        let before = try inspect(tool, "app.peerlet")
        let refused = try tool.run("sign", "app.peerlet", "--key-file", "other.key")
        #expect(refused.status == 77)
        #expect(refused.err.contains("--new-root"))
        #expect(refused.err.contains("--delegation"))
        #expect(
            try inspect(tool, "app.peerlet")["digest"] as? String == before["digest"] as? String
        )
        // The root itself needs no delegation.
        #expect(try tool.run("sign", "app.peerlet", "--key-file", "root.key").status == 0)
        let own = try inspect(tool, "app.peerlet")
        #expect(own["applicationID"] as? String == before["applicationID"] as? String)
        #expect(own["epoch"] == nil)
        // Its delegation is gone, so that ci needs it again.
        #expect(try tool.run("sign", "app.peerlet", "--key-file", "ci.key").status == 77)
        let asked = try tool.run("sign", "app.peerlet", "--key-file", "other.key", "--new-root")
        #expect(asked.status == 0, "\(asked.err)")
        let other = try inspect(tool, "app.peerlet")
        #expect(other["applicationID"] as? String != before["applicationID"] as? String)
        #expect(other["rootKey"] as? String == other["signerKey"] as? String)
        let back = try tool.run(
            "sign",
            "app.peerlet",
            "--key-file",
            "ci.key",
            "--delegation",
            "ci.delegation"
        )
        #expect(back.status == 77)
    }

    /// A package for another ABI and other prices, with times in milliseconds.
    private func future(
        _ tool: Tool,
        _ name: String = "future.peerlet",
        _ change: (inout ManifestDraft) -> Void = { _ in }
    ) throws -> PrivateKey {
        let key = try PrivateKey(seed: [UInt8](repeating: 7, count: 32))
        var draft = ManifestDraft(name: "future", version: .max)
        draft.abiVersion = 7
        draft.priceVersion = 9
        draft.expires = WallTime(milliseconds: 4_000_000_000_123)
        draft.limits.memoryPages = .max
        change(&draft)
        let bytes = try PackageWriter.build(draft, image: ProgramImage(), signer: key)
        try Data(bytes).write(to: tool.folder.appending(path: name))
        return key
    }

    @Test func `signing keeps all that the manifest says`() throws {
        let tool = try delegated()
        _ = try future(tool)
        let before = try PackageReader.inspect(Array(try tool.read("future.peerlet"))).manifest
        let sign = try tool.run("sign", "future.peerlet", "--key-file", "ci.key", "--new-root")
        #expect(sign.status == 0, "\(sign.err)")
        var after = try PackageReader.inspect(Array(try tool.read("future.peerlet"))).manifest
        #expect(after.rootKey != before.rootKey)
        after.rootKey = before.rootKey
        after.signerKey = before.signerKey
        #expect(after == before)
    }

    @Test func `verify warns of what nodes would refuse, and fails when it is to be strict`() throws
    {
        let tool = try delegated()
        _ = try future(tool)
        let verify = try tool.run("verify", "future.peerlet", "--json")
        #expect(verify.status == 0)
        #expect(verify.err.contains("ABI version 7"))
        #expect(verify.err.contains("price table 9"))
        let found = verify.json?["objections"] as? [[String: Any]] ?? []
        #expect(
            found.compactMap { $0["code"] as? String } == [
                "unsupported-abi", "unsupported-price-table",
            ]
        )
        #expect(try tool.run("verify", "future.peerlet", "--strict").status == 65)
        let times: [(String, UInt64?, UInt64?)] = [
            ("past", nil, 1000), ("early", 4_000_000_000_000, nil),
        ]
        for (name, start, end) in times {
            _ = try future(tool, "\(name).peerlet") {
                $0.abiVersion = HostABI.version
                $0.priceVersion = OpcodeTable.priceVersion
                $0.notBefore = start.map { WallTime(milliseconds: $0) }
                $0.expires = end.map { WallTime(milliseconds: $0) }
            }
            let loose = try tool.run("verify", "\(name).peerlet")
            #expect(loose.status == 0)
            #expect(loose.err.contains("warning: "))
            #expect(try tool.run("verify", "\(name).peerlet", "--strict").status == 77)
        }
        let good = try tool.run("verify", "app.peerlet", "--strict", "--json")
        #expect(good.status == 0)
        #expect(good.err.isEmpty)
        #expect((good.json?["objections"] as? [Any])?.isEmpty == true)
    }

    @Test func `an expired delegation is told by sign and verify`() throws {
        let tool = try Tool()
        for name in ["root", "ci"] {
            _ = try tool.run("key", "new", "\(name).key", "--no-passphrase")
        }
        _ = try tool.run(
            "key",
            "delegate",
            "ci.pub",
            "--epoch",
            "1",
            "--key-file",
            "root.key",
            "--expires",
            "2001-01-01T00:00:00Z"
        )
        try tool.write(".prost 1\n.name \"app\"\n", "app.pasm")
        _ = try tool.run(
            "build",
            "app.pasm",
            "--key-file",
            "ci.key",
            "--delegation",
            "ci.delegation"
        )
        let verify = try tool.run("verify", "app.peerlet")
        #expect(verify.err.contains("delegation expired"))
        #expect(try tool.run("verify", "app.peerlet", "--strict").status == 77)
        let sign = try tool.run("sign", "app.peerlet", "--key-file", "ci.key")
        #expect(sign.status == 0)
        #expect(sign.err.contains("expired"))
    }

    @Test func `minisign verifies what the command signs`() throws {
        let minisign = URL(filePath: "/usr/bin/minisign")
        try #require(FileManager.default.isExecutableFile(atPath: minisign.path()))
        let tool = try delegated()
        let sign = try tool.run(
            "sign",
            "--detached",
            "app.peerlet",
            "--key-file",
            "ci.key",
            "--comment",
            "a word"
        )
        #expect(sign.status == 0, "\(sign.err)")
        func verify(_ key: String) throws -> (Int32, String) {
            let process = Process()
            let out = Pipe()
            process.executableURL = minisign
            process.arguments = ["-V", "-m", "app.peerlet", "-p", key]
            process.currentDirectoryURL = tool.folder
            process.standardOutput = out
            process.standardError = out
            try process.run()
            let text = out.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: text, as: UTF8.self))
        }
        let (status, text) = try verify("ci.pub")
        #expect(status == 0, "\(text)")
        #expect(text.contains("Trusted comment: a word"))
        #expect(try verify("other.pub").0 != 0)
    }
}
