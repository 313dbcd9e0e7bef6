internal import Foundation
internal import Testing

/// What `check` accepts, `build` builds.
@Suite struct CheckCommandTests {
    /// So many bytes of data that are not zero.
    private static func data(_ count: Int) -> String {
        let line = "\"" + String(repeating: "x", count: 8000) + "\""
        let rest = "\"" + String(repeating: "y", count: count % 8000) + "\""
        let items = Array(repeating: line, count: count / 8000) + [rest]
        return ".limit memory_pages 300\nexport proc f() -> 1\n  return d[0]\nend\n"
            + "data d: u8[\(count)] = \(items.joined(separator: ",\n"))"
    }

    @Test(arguments: [
        ("a.pasm", ".not_before \"2030-01-02\"\n.expires \"2030-01-01\"", "PA0206"),
        ("a.pasm", "proc f()\nend\nexport \"a b\" = f", "PA0405"),
        ("a.pasm", "proc f()\nend\nexport \"\\u{e9}\" = f", "PA0405"),
        ("a.pasm", data(1_048_560), "PA0102"),
        ("a.pasm", data(1_048_400), "PA0102"),
        ("No Name.pasm", "", "PA0208"),
        ("-", "", "PA0208"),
    ])
    func `what cannot be packaged is an error with its place in check and build`(
        file: String,
        text: String,
        code: String
    ) throws {
        let tool = try Tool()
        let source = ".prost 1\n\(text)\n"
        if file != "-" { try tool.write(source, file) }
        let input = file == "-" ? source : ""
        let check = try tool.run("check", file, input: input)
        let build = try tool.run("build", file, "-o", "a.peerlet", input: input)
        #expect(check.status == 1)
        #expect(build.status == 65)
        #expect(check.err.hasPrefix("error[\(code)]"), "\(check.err.prefix(300))")
        #expect(check.err.contains("^"))
        #expect(check.err == build.err)
        #expect(!FileManager.default.fileExists(atPath: tool.folder.path() + "/a.peerlet"))
    }

    @Test func `the largest program that fits is built`() throws {
        let tool = try Tool()
        try tool.write(".prost 1\n\(Self.data(1_048_300))\n", "a.pasm")
        let check = try tool.run("check", "a.pasm")
        #expect(check.status == 0, "\(check.err)")
        #expect(try tool.run("build", "a.pasm").status == 0)
        #expect(try tool.read("a.peerlet").count > 1_048_400)
    }

    @Test func `a constant of the command line has a name that the text could define`() throws {
        let tool = try Tool()
        try tool.write(".prost 1\n.if !defined(OK)\nconst OK = 1\n.endif\n", "default.pasm")
        try tool.write(".prost 1\nconst OK = 1\n", "own.pasm")
        for name in ["9x", "a b", "a.b", "if", "add", "", "é", "a;"] {
            let check = try tool.run("check", "default.pasm", "-D", "\(name)=1")
            #expect(check.status == 64, "\(name)")
        }
        #expect(try tool.run("check", "default.pasm", "-D", "A=1", "-D", "A=2").status == 64)
        #expect(try tool.run("check", "default.pasm", "-D", "OK=3").status == 0)
        let twice = try tool.run("check", "own.pasm", "-D", "OK=3")
        #expect(twice.status == 1)
        #expect(twice.err.contains("own.pasm:2:7"))
        #expect(!twice.err.contains(":::"))
        #expect(twice.err.contains("given with -D"))
    }

    @Test func `a source map of another program is not used`() throws {
        let tool = try Tool()
        let source = { (name: String) in
            ".prost 1\n.name \"app\"\nexport proc \(name)() -> 1\n  trap 7\nend\n"
        }
        try tool.write(source("first"), "a.pasm")
        _ = try tool.run("build", "a.pasm")
        let own = try tool.run("run", "app.peerlet", "--call", "first")
        #expect(own.err.contains("a.pasm:4"), "\(own.err)")
        #expect(!own.err.contains("note:"))
        let map = try tool.read("app.srcmap")
        // The map belongs to the program, whoever signed it.
        _ = try tool.run("key", "new", "k.key", "--no-passphrase")
        _ = try tool.run("sign", "app.peerlet", "--key-file", "k.key", "--new-root")
        #expect(try tool.run("run", "app.peerlet", "--call", "first").err.contains("a.pasm:4"))
        try tool.write(source("second"), "a.pasm")
        _ = try tool.run("build", "a.pasm")
        try map.write(to: tool.folder.appending(path: "app.srcmap"))
        let stale = try tool.run("run", "app.peerlet", "--call", "second")
        #expect(!stale.err.contains("a.pasm"))
        #expect(stale.err.contains("note: app.srcmap is not of this program"))
        #expect(try tool.run("disasm", "app.peerlet").err.contains("note: app.srcmap"))
        try tool.write("no map", "app.srcmap")
        #expect(try tool.run("disasm", "app.peerlet").err.contains("note: app.srcmap"))
    }
}
