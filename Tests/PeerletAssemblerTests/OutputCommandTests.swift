internal import Foundation
internal import Testing

/// Where commands write: files, links to files, devices, pipes and standard output.
@Suite struct OutputCommandTests {
    private func project() throws -> Tool {
        let tool = try Tool()
        _ = try tool.run("key", "new", "k.key", "--no-passphrase")
        try tool.write(".prost 1\n.name \"app\"\nexport proc f()\nend\n", "app.pasm")
        return tool
    }

    private func build(_ tool: Tool, _ out: String, _ more: String...) throws -> Tool.Output {
        let arguments = ["build", "app.pasm", "--key-file", "k.key", "-o", out] + more
        return try tool.run(arguments, input: Data())
    }

    private func type(_ tool: Tool, _ name: String) throws -> FileAttributeType? {
        let path = tool.folder.appending(path: name).path()
        return try FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
    }

    @Test func `a package on standard output is nothing but the package`() throws {
        let tool = try project()
        #expect(try build(tool, "app.peerlet").status == 0)
        let package = try tool.read("app.peerlet")
        for more in [[], ["--json"], ["-q"]] {
            let built = try tool.run(
                ["build", "app.pasm", "--key-file", "k.key", "-o", "-"] + more,
                input: Data()
            )
            #expect(built.bytes == package)
            let signed = try tool.run(["sign", "-", "--key-file", "k.key"] + more, input: package)
            #expect(signed.bytes == package, "\(signed.err)")
            #expect(signed.err.isEmpty == more.contains("-q"))
            #expect(try tool.run(["verify", "-"], input: signed.bytes).status == 0)
        }
        _ = try tool.run("key", "new", "ci.key", "--no-passphrase")
        let delegation = try tool.run(
            "key",
            "delegate",
            "ci.pub",
            "--epoch",
            "1",
            "--key-file",
            "k.key",
            "-o",
            "-"
        )
        #expect(delegation.bytes.count == 144)
        #expect(delegation.err.contains("epoch 1"))
    }

    @Test func `a detached signature of standard input goes to standard output`() throws {
        let tool = try project()
        let content = Data("text".utf8)
        let sign = try tool.run(["sign", "--detached", "-", "--key-file", "k.key"], input: content)
        #expect(sign.status == 0)
        #expect(!FileManager.default.fileExists(atPath: tool.folder.path() + "/-.minisig"))
        try sign.bytes.write(to: tool.folder.appending(path: "s.minisig"))
        let verify = ["verify", "--detached", "-", "--trusted", "k.pub"]
        #expect(try tool.run(verify + ["--signature", "s.minisig"], input: content).status == 0)
        #expect(try tool.run(verify, input: content).status == 64)
    }

    @Test func `a link stays a link and its file is replaced, also where there was none`() throws {
        let tool = try project()
        try FileManager.default.createDirectory(
            at: tool.folder.appending(path: "deep"),
            withIntermediateDirectories: false
        )
        for (link, target) in [("one", "deep/real"), ("two", "one"), ("deep/three", "../new")] {
            try FileManager.default.createSymbolicLink(
                atPath: tool.folder.appending(path: link).path(),
                withDestinationPath: target
            )
        }
        try tool.write("old", "deep/real")
        let path = tool.folder.appending(path: "deep/real").path()
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(try build(tool, "two").status == 0)
        #expect(try build(tool, "deep/three").status == 0)
        for link in ["one", "two", "deep/three"] {
            #expect(try type(tool, link) == .typeSymbolicLink)
        }
        #expect(try type(tool, "new") == .typeRegular)
        #expect(try tool.run("verify", "deep/real").status == 0)
        #expect(try tool.run("verify", "new").status == 0)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
        #expect((mode as? NSNumber)?.intValue == 0o640)
        let left = try FileManager.default.contentsOfDirectory(atPath: tool.folder.path())
        #expect(!left.contains { $0.hasSuffix(".part") })
    }

    /// Root could lose the machine's own devices to a mistake, so it makes some for the test.
    private func device(_ tool: Tool, _ name: String, _ number: Int) throws -> String {
        guard geteuid() == 0 else { return "/dev/\(name)" }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/mknod")
        process.arguments = ["-m", "666", name, "c", "1", "\(number)"]
        process.currentDirectoryURL = tool.folder
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0)
        return tool.folder.appending(path: name).path()
    }

    @Test func `a device is written to and stays a device`() throws {
        let tool = try project()
        let null = try device(tool, "null", 3)
        let full = try device(tool, "full", 7)
        #expect(try build(tool, null).status == 0)
        #expect(try build(tool, full).status == 73)
        for device in [null, full] {
            let found = try FileManager.default.attributesOfItem(atPath: device)[.type]
            #expect(found as? FileAttributeType == .typeCharacterSpecial)
            #expect(!FileManager.default.fileExists(atPath: device + ".srcmap"))
        }
        #expect(try tool.run("key", "new", "-", "--no-passphrase").status == 64)
    }

    @Test func `source from a device makes no project beside it`() throws {
        let tool = try project()
        let folder = tool.folder.appending(path: "deep").path()
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: false
        )
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [
            "-c", "mkfifo deep/f; cat app.pasm >deep/f & \"$0\" build deep/f -q; wait",
            tool.executable.path(),
        ]
        process.currentDirectoryURL = tool.folder
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["f"])
        #expect(try tool.run("verify", "app.peerlet").status == 0)
    }

    @Test func `a pipe gets what is written to it`() throws {
        let tool = try project()
        #expect(try build(tool, "app.peerlet").status == 0)
        let process = Process()
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = [
            "-c",
            "\"$0\" build app.pasm --key-file k.key -q -o >(cat >piped; : >done); "
                + "mkfifo f; cat f >fifo & \"$0\" build app.pasm --key-file k.key -q -o f; wait; "
                + "until [ -e done ]; do :; done", tool.executable.path(),
        ]
        process.currentDirectoryURL = tool.folder
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        #expect(try tool.read("piped") == tool.read("app.peerlet"))
        #expect(try tool.read("fifo") == tool.read("app.peerlet"))
        #expect(try type(tool, "f") != .typeRegular)
    }

    @Test func `a folder that cannot be written to is an error`() throws {
        let tool = try project()
        #expect(try build(tool, "none/app.peerlet").status == 73)
        #expect(try build(tool, ".").status == 73)
    }
}
