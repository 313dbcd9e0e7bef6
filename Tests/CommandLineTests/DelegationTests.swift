import Foundation
import Testing

/// A root key lets other keys sign its packages (`Spec/package.md` §5).
@Suite struct DelegationTests {
    /// A folder with the keys of a root and two signers, and a project.
    private static func folder() async throws -> TestFolder {
        let folder = try TestFolder()
        for name in ["root", "first", "second"] {
            let key = try await Program.assembler.run(
                "key",
                "new",
                "\(name).key",
                "--no-passphrase",
                in: folder
            )
            try #require(key.status == 0, "\(key.err)")
        }
        let project = try await Program.assembler.run("new", "app", in: folder)
        try #require(project.status == 0, "\(project.err)")
        return folder
    }

    private static func delegate(
        _ signer: String,
        _ folder: TestFolder,
        _ more: String...
    ) async throws -> Program.Output {
        try await Program.assembler.run(
            ["key", "delegate", "\(signer).pub", "--key-file", "root.key"] + more,
            in: folder
        )
    }

    private static func build(
        _ signer: String,
        _ folder: TestFolder,
        _ delegation: String,
        to package: String
    ) async throws -> Program.Output {
        try await Program.assembler.run(
            "build",
            "app",
            "--key-file",
            "\(signer).key",
            "--delegation",
            delegation,
            "-o",
            package,
            in: folder
        )
    }

    @Test func `a delegated signer's package says whose it is`() async throws {
        let folder = try await Self.folder()
        let made = try await Self.delegate(
            "first",
            folder,
            "--epoch",
            "7",
            "--days",
            "90",
            "--json"
        )
        #expect(made.status == 0, "\(made.err)")
        #expect(try made.json["delegation"] as? String == "first.delegation")
        #expect(try made.json["epoch"] as? Int == 7)
        let root = try #require(try made.json["rootKey"] as? String)
        let build = try await Self.build("first", folder, "first.delegation", to: "app.peerlet")
        #expect(build.status == 0, "\(build.err)")
        let inspect = try await Program.assembler.run(
            "inspect",
            "app.peerlet",
            "--json",
            in: folder
        ).json
        #expect(inspect["rootKey"] as? String == root)
        #expect(inspect["signerKey"] as? String == (try made.json["signerKey"] as? String))
        #expect(inspect["epoch"] as? Int == 7)
        #expect(inspect["delegationExpires"] as? Int == (try made.json["expires"] as? Int))
        for trusted in ["root.pub", "first.pub"] {
            let verify = try await Program.assembler.run(
                "verify",
                "app.peerlet",
                "--trusted",
                trusted,
                in: folder
            )
            #expect(verify.status == 0)
        }
        // Signing an own package anew keeps the root too.
        let own = try await Program.assembler.run(
            "build",
            "app",
            "--key-file",
            "root.key",
            "-o",
            "own.peerlet",
            in: folder
        )
        #expect(own.status == 0)
        let sign = try await Program.assembler.run(
            "sign",
            "own.peerlet",
            "--key-file",
            "first.key",
            "--delegation",
            "first.delegation",
            "-o",
            "signed.peerlet",
            in: folder
        )
        #expect(sign.status == 0, "\(sign.err)")
        #expect(try folder.read("signed.peerlet") == folder.read("app.peerlet"))
    }

    @Test func `a delegation for another key, changed, or none at all builds nothing`() async throws
    {
        let folder = try await Self.folder()
        _ = try await Self.delegate("first", folder, "--epoch", "1")
        let other = try await Self.build("second", folder, "first.delegation", to: "app.peerlet")
        #expect(other.status == 77)
        #expect(other.err.contains("is for the signer"))
        var bytes = try folder.read("first.delegation")
        bytes[71] ^= 1
        try bytes.write(to: URL(fileURLWithPath: folder.path + "/changed.delegation"))
        let changed = try await Self.build("first", folder, "changed.delegation", to: "app.peerlet")
        #expect(changed.status == 77)
        #expect(changed.err.contains("not its root key's"))
        let none = try await Self.build("first", folder, "first.pub", to: "app.peerlet")
        #expect(none.status == 65)
        #expect(none.err.contains("first.pub is no delegation"))
        let missing = try await Self.build("first", folder, "gone", to: "app.peerlet")
        #expect(missing.status == 66)
        let itself = try await Self.delegate("root", folder, "--epoch", "1")
        #expect(itself.status == 64)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/app.peerlet"))
    }

    @Test func `a node takes a delegated signer, and neither an expired nor a replaced one`()
        async throws
    {
        let folder = try await Self.folder()
        let root = String(decoding: try folder.read("root.pub"), as: UTF8.self)
            .split(separator: "\n")[1]
        try folder.write(
            "defaults: { access: deny }\nproviders: [{ key: \(root), access: allow }]\n",
            "policy.yaml"
        )
        let node = try Daemon(
            ["run", "--data-dir", "n1", "--ring", "lab", "--policy", "policy.yaml"],
            in: folder
        )
        _ = try await node.announcement()
        func deploy(_ package: String) async throws -> Program.Output {
            try await Program.prost.run("deploy", package, "--node", "n1", in: folder)
        }

        let past = try await Self.delegate(
            "first",
            folder,
            "--epoch",
            "1",
            "--expires",
            "2020-01-31T12:00:00Z",
            "-o",
            "past"
        )
        #expect(past.out.contains("expired at 2020-01-31T12:00:00Z already"))
        let warned = try await Self.build("first", folder, "past", to: "past.peerlet")
        #expect(warned.status == 0)
        #expect(warned.err.contains("warning: past expired"))
        let expired = try await deploy("past.peerlet")
        #expect(expired.status == 77)
        #expect(expired.err.contains("delegation expired at 2020-01-31T12:00:00Z"))

        _ = try await Self.delegate("first", folder, "--epoch", "1", "--days", "1")
        _ = try await Self.build("first", folder, "first.delegation", to: "first.peerlet")
        let accepted = try await deploy("first.peerlet")
        #expect(accepted.status == 0, "\(accepted.err)")

        // The next signer has a higher epoch, and from then on the one before is out.
        _ = try await Self.delegate("second", folder, "--epoch", "2", "--days", "1")
        let version = try String(contentsOfFile: folder.path + "/app/main.pasm", encoding: .utf8)
            .replacingOccurrences(of: ".version \"0.1.0\"", with: ".version \"0.2.0\"")
        try folder.write(version, "app/main.pasm")
        _ = try await Self.build("second", folder, "second.delegation", to: "second.peerlet")
        let next = try await deploy("second.peerlet")
        #expect(next.status == 0, "\(next.err)")
        let third = version.replacingOccurrences(of: "0.2.0", with: "0.3.0")
        try folder.write(third, "app/main.pasm")
        _ = try await Self.build("first", folder, "first.delegation", to: "third.peerlet")
        let stale = try await deploy("third.peerlet")
        #expect(stale.status == 77, "\(stale.err)")
        #expect(stale.err.contains("epoch 1 is lower than 2"))

        // A root that the owner does not allow delegates nothing.
        let foreign = try await Program.assembler.run(
            "key",
            "delegate",
            "first.pub",
            "--epoch",
            "9",
            "--key-file",
            "second.key",
            "-o",
            "foreign",
            in: folder
        )
        #expect(foreign.status == 0)
        _ = try await Self.build("first", folder, "foreign", to: "foreign.peerlet")
        let denied = try await deploy("foreign.peerlet")
        #expect(denied.status == 77)
        #expect(denied.err.contains("policy"))
    }
}
