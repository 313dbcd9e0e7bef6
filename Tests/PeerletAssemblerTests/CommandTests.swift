internal import Foundation
internal import Testing

@Suite struct CommandTests {
    @Test(arguments: ["hello", "counter", "empty"])
    func `a new project checks and builds`(template: String) throws {
        let tool = try Tool()
        #expect(try tool.run("new", "app", "--template", template).status == 0)
        #expect(try tool.run("check", "app", "--error-format", "short").err == "")
        let build = try tool.run("build", "app")
        #expect(build.status == 0)
        #expect(build.err.contains("development key"))
        #expect(build.out.contains("app 0.1.0"))
        let mode = try FileManager.default
            .attributesOfItem(atPath: tool.folder.appending(path: "app/.prost/dev.key").path())
        #expect((mode[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        let verify = try tool.run("verify", "app.peerlet", "--trusted", "app/.prost/dev.pub")
        #expect(verify.status == 0)
        #expect(try tool.run("new", "app").status == 73)
    }

    @Test func `the same source gives the same bytes, also after disassembly`() throws {
        let tool = try Tool()
        _ = try tool.run("new", "app")
        _ = try tool.run("build", "app", "-o", "one.peerlet")
        _ = try tool.run("build", "app", "-o", "two.peerlet")
        #expect(try tool.read("one.peerlet") == tool.read("two.peerlet"))
        let text = try tool.run("disasm", "one.peerlet").out
        let key = "app/.prost/dev.key"
        let again = try tool.run(
            "build",
            "-",
            "-o",
            "three.peerlet",
            "--key-file",
            key,
            input: text
        )
        #expect(again.status == 0, "\(again.err)")
        #expect(try tool.read("one.peerlet") == tool.read("three.peerlet"))
    }

    @Test func `run prints a result, or says what happened where`() throws {
        let tool = try Tool()
        try tool.write(
            """
            .prost 1
            import env.log, kbr.self
            export proc fib(n) -> 1
              if n < 2 then return n end
              return fib(n - 1) + fib(n - 2)
            end
            export proc log() -> 1
              env.log(1, span("here"))
              return kbr.self(0)
            end
            export proc fail(n) -> 1
              return 10 / n
            end
            export proc spin()
              loop
              end
            end
            """,
            "f.pasm"
        )
        let result = try tool.run("run", "f.pasm", "--call", "fib", "--arg", "20", "--json")
        #expect(result.status == 0)
        #expect(result.json?["result"] as? String == "6765")
        #expect((result.json?["fuel"] as? NSNumber)?.intValue ?? 0 > 100_000)
        #expect((result.json?["instructions"] as? NSNumber)?.intValue ?? 0 > 100_000)
        #expect(result.json?["cpu_ns"] is NSNumber)
        let log = try tool.run("run", "f.pasm", "--call", "log")
        #expect(log.out == "-20\n")
        #expect(log.err.contains("log info: here"))
        let trap = try tool.run("run", "f.pasm", "--call", "fail", "--arg", "0")
        #expect(trap.status == 1)
        #expect(trap.err.contains("division by zero"))
        #expect(trap.err.contains("fail at f.pasm:12"))
        let negative = try tool.run("run", "f.pasm", "--call", "fail", "--arg", "-5")
        #expect(negative.out == "-2\n")
        let spin = try tool.run("run", "f.pasm", "--call", "spin", "--fuel", "1000", "--json")
        #expect(spin.status == 1)
        #expect((spin.json?["error"] as? [String: Any])?["code"] as? String == "trap")
        #expect(try tool.run("run", "f.pasm", "--call", "nothing").status == 64)
        #expect(try tool.run("run", "f.pasm", "--call", "fib").status == 64)
    }

    @Test func `exit codes and error forms are those of the guide`() throws {
        let tool = try Tool()
        try tool.write(".prost 1\nproc f()\n  drop\nend\n", "bad.pasm")
        try tool.write(".prost 1\nimport kbr.self\n", "warn.pasm")
        #expect(try tool.run("check", "bad.pasm").status == 1)
        #expect(try tool.run("build", "bad.pasm").status == 65)
        #expect(try tool.run("check", "warn.pasm").status == 0)
        #expect(try tool.run("check", "none.pasm").status == 66)
        #expect(try tool.run("check", "--nonsense").status == 64)
        #expect(try tool.run("nonsense").status == 64)
        #expect(try tool.run("inspect", "bad.pasm").status == 65)
        #expect(try tool.run("build", "-", input: ".prost 1\n").status == 65)
        let short = try tool.run("check", "bad.pasm", "--error-format", "short").err
        #expect(short.hasPrefix("bad.pasm:3:3: error[PA0501]: "))
        let line = try tool.run("check", "bad.pasm", "--error-format", "json").err
            .split(separator: "\n").first
        let record = try JSONSerialization.jsonObject(with: Data((line ?? "").utf8))
        #expect((record as? [String: Any])?["code"] as? String == "PA0501")
        let envelope = try tool.run("build", "bad.pasm", "--json").json?["error"] as? [String: Any]
        #expect(envelope?["code"] as? String == "assembly")
        #expect((envelope?["details"] as? [Any])?.count == 1)
        #expect(try tool.run("explain", "PA0501").out.hasPrefix("PA0501  "))
        #expect(try tool.run("explain", "PA9999").status == 64)
    }

    @Test func `the verifier's refusals are shown at the source line`() throws {
        let tool = try Tool()
        let long = String(repeating: "  const 1 drop const 2 drop\n", count: 3000)
        try tool.write(".prost 1\nproc f()\n\(long)end\n", "long.pasm")
        let result = try tool.run("check", "long.pasm", "--error-format", "short")
        #expect(result.status == 1)
        #expect(result.err.contains("error[PA0701]: V36"))
    }

    @Test func `signatures are checked, and a changed file is refused`() throws {
        let tool = try Tool()
        _ = try tool.run("new", "app")
        #expect(try tool.run("key", "new", "a.key", "--no-passphrase").status == 0)
        #expect(try tool.run("key", "new", "b.key", "--no-passphrase").status == 0)
        #expect(try tool.run("key", "new", "a.key", "--no-passphrase").status == 73)
        #expect(try tool.run("key", "new", "c.key").status == 64)
        _ = try tool.run("build", "app", "--key-file", "a.key")
        #expect(try tool.run("verify", "app.peerlet", "--trusted", "a.pub").status == 0)
        #expect(try tool.run("verify", "app.peerlet", "--trusted", "b.pub").status == 77)
        #expect(
            try tool.run("sign", "app.peerlet", "--key-file", "b.key", "--new-root").status == 0
        )
        #expect(try tool.run("verify", "app.peerlet", "--trusted", "b.pub").status == 0)
        #expect(try tool.run("sign", "app.peerlet").status == 64)

        let detached = ["sign", "--detached", "app.peerlet", "--key-file", "a.key"]
        #expect(
            try tool.run(detached[0], detached[1], detached[2], detached[3], detached[4]).status
                == 0
        )
        func verify(_ key: String) throws -> Int32 {
            try tool.run("verify", "--detached", "app.peerlet", "--trusted", key).status
        }
        #expect(try verify("a.pub") == 0)
        #expect(try verify("b.pub") == 77)
        var bytes = try tool.read("app.peerlet")
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: tool.folder.appending(path: "app.peerlet"))
        #expect(try verify("a.pub") == 77)
        #expect([65, 77].contains(try tool.run("verify", "app.peerlet").status))
    }

    @Test func `inspect shows what the package asks for`() throws {
        let tool = try Tool()
        _ = try tool.run("new", "app", "--template", "counter")
        _ = try tool.run("build", "app")
        let json = try tool.run("inspect", "app.peerlet", "--json").json
        #expect(json?["name"] as? String == "app")
        #expect(json?["version"] as? String == "0.1.0")
        #expect(json?["storeClass"] as? String == "overlay")
        #expect(json?["imports"] as? [String] == ["kbr.reply", "st.get", "st.put"])
        #expect(json?["exports"] as? [String] == ["client"])
        #expect((json?["applicationID"] as? String)?.count == 64)
        #expect(try tool.run("inspect", "app.peerlet").out.contains("signature  valid"))
    }

    @Test func `constants and folders come from the command line`() throws {
        let tool = try Tool()
        try tool.write(
            ".prost 1\ninclude \"v.inc\"\nexport proc f() -> 1\n return V + W + X\nend\n",
            "f.pasm"
        )
        try FileManager.default.createDirectory(
            at: tool.folder.appending(path: "inc"),
            withIntermediateDirectories: true
        )
        try tool.write("const V = 40\n", "inc/v.inc")
        let result = try tool.run(
            "run",
            "f.pasm",
            "-I",
            "inc",
            "-D",
            "W=0x10",
            "-D",
            "X",
            "--call",
            "f"
        )
        #expect(result.out == "57\n", "\(result.err)")
        #expect(try tool.run("run", "f.pasm", "-D", "W=x", "--call", "f").status == 64)
    }
}
