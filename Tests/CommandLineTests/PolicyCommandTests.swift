import Foundation
import Testing

@Suite struct PolicyCommandTests {
    @Test func `a policy without mistakes is ok`() async throws {
        let folder = try TestFolder()
        try folder.write("defaults: { access: deny }\nhttps_hosts: [code.example.org]\n", "p.yaml")
        let output = try await Program.prost.run("policy", "check", "p.yaml", in: folder)
        #expect(output.status == 0, "\(output.err)")
        #expect(output.out.hasPrefix("p.yaml: ok"))
        let json = try await Program.prost.run("policy", "check", "p.yaml", "--json", in: folder)
        #expect(json.status == 0)
        #expect(try json.json["ok"] as? Bool == true)
        #expect(try json.json["file"] as? String == "p.yaml")
    }

    @Test func `every mistake in a policy is told with its line, and what was meant`() async throws
    {
        let folder = try TestFolder()
        try folder.write("defaults: { acess: allow }\nrevoked: [nothing]\n", "p.yaml")
        let output = try await Program.prost.run("policy", "check", "p.yaml", in: folder)
        #expect(output.status == 78)
        #expect(output.out == "")
        #expect(output.err.contains("p.yaml:1: defaults: unknown key acess; did you mean access?"))
        #expect(output.err.contains("p.yaml:2: revoked[0]"))
        #expect(output.err.hasPrefix("error: 2 mistakes\n"))
        let elsewhere = folder.path + "/p.yaml"
        let whole = try await Program.prost.run("policy", "check", elsewhere, in: folder)
        #expect(whole.err.contains("\(elsewhere):1: defaults"))
        let json = try await Program.prost.run("policy", "check", "p.yaml", "--json", in: folder)
        #expect(json.status == 78)
        let error = try json.error
        #expect(error["code"] as? String == "configuration")
        let details = try #require(error["details"] as? [[String: Any]])
        #expect(details.map { $0["line"] as? Int } == [1, 2])
        #expect(details.map { $0["path"] as? String } == ["defaults", "revoked[0]"])
    }

    @Test func `a policy that is not there is missing input, wherever it is named`() async throws {
        let folder = try TestFolder()
        try folder.write("", "package.peerlet")
        let commands = [
            ["policy", "check", "none.yaml"],
            ["policy", "explain", "package.peerlet", "--policy", "none.yaml"],
            ["run", "--data-dir", "n", "--ring", "lab", "--policy", "none.yaml"],
            ["run", "--config", "none.yaml"],
        ]
        for command in commands {
            let output = try await Program.prost.run(command, in: folder)
            #expect(output.status == 66, "\(command)")
            #expect(output.err.contains("none.yaml"))
        }
    }

    @Test func `explain says yes or no with every reason`() async throws {
        let ring = try await SharedRing.running
        let yes = try await ring.prost("policy", "explain", ring.package, "--node", "dev-1")
        #expect(yes.status == 0, "\(yes.err)")
        #expect(yes.out.contains("dht"))
        let json = try await ring.prost(
            "policy",
            "explain",
            ring.package,
            "--node",
            "dev-1",
            "--json"
        ).json
        #expect(json["allowed"] as? Bool == true)
        #expect((json["aspects"] as? [Any])?.isEmpty == false)
        try ring.folder.write("defaults: { access: deny }\n", "deny.yaml")
        let no = try await ring.prost(
            "policy",
            "explain",
            ring.package,
            "--policy",
            "deny.yaml",
            "--json"
        )
        #expect(no.status == 77)
        #expect(try no.json["allowed"] as? Bool == false)
        #expect(try (no.json["reasons"] as? [Any])?.isEmpty == false)
    }

    @Test func `what is no package is bad input, and a package that was changed is refused`()
        async throws
    {
        let ring = try await SharedRing.running
        try ring.folder.write("no package", "text.peerlet")
        var bytes = try ring.folder.read(ring.package)
        bytes[bytes.count - 1] ^= 1
        try bytes.write(to: URL(fileURLWithPath: ring.folder.path + "/changed.peerlet"))
        for arguments in [["policy", "explain"], ["deploy"]] {
            for (file, status) in [
                ("text.peerlet", 65), ("changed.peerlet", 77), ("none.peerlet", 66),
            ] {
                let output = try await Program.prost.run(
                    arguments + [file, "--node", "dev-1"],
                    in: ring.folder
                )
                #expect(output.status == status, "\(arguments) \(file): \(output.err)")
            }
        }
    }
}
