internal import Foundation
internal import PeerletAssembler
internal import PeerletBytecode
internal import Testing

@Suite struct MacroTests {
    @Test func `locals and labels of a macro are its own`() throws {
        let text = """
            macro add_up(target, n)
              let i = 0
            again:
              i += 1
              target += n
              (i < 3) br_if again
            endmacro
            export proc f() -> 1
              let i = 100
              add_up(i, 5)
              add_up(i, i - 90)
              return i
            end
            """
        // 100 + 15 = 115, then three times i + (i - 90).
        #expect(try run(text) == 290)
    }

    @Test func `a macro cannot see the locals of its use`() {
        let result = assemble(
            """
            .prost 1
            macro peek_inside()
              return secret
            endmacro
            export proc f() -> 1
              let secret = 5
              peek_inside()
            end
            """
        )
        #expect(codes(result) == [.unknownName])
        #expect(result.diagnostics[0].primary.line == 3)
        guard case .expansion(let name, let place) = result.diagnostics[0].origins.first else {
            Issue.record("no expansion is named")
            return
        }
        #expect(name == "peek_inside")
        #expect(place.line == 7)
    }

    @Test func `of many expansions the innermost and the outermost are shown`() {
        let result = assemble(
            """
            .prost 1
            macro again(n)
              drop
              again(n + 1)
            endmacro
            proc f()
              again(0)
            end
            """
        )
        let deepest = result.diagnostics.map(\.origins.count).max() ?? 0
        #expect(deepest > 25)
        for diagnostic in result.diagnostics {
            let report = DiagnosticRenderer(usesColor: false).human(diagnostic)
            let shown = report.components(separatedBy: "in the expansion of").count - 1
            #expect(shown == min(diagnostic.origins.count, diagnostic.origins.count > 5 ? 4 : 5))
            let more = diagnostic.origins.count - shown
            #expect(report.contains("= and \(more) more\n") == (more > 0))
            #expect(report.isEmpty || report.contains("used at main.pasm:7:3"))
        }
    }

    @Test func `arguments keep together and may be left out`() throws {
        let text = """
            macro twice(x, plus = 1)
              x * 2 + plus
            endmacro
            macro field(p, T)
              T(p).b
            endmacro
            struct S { a: u8, b: u8 }
            data s: S = 3, 4
            export proc f(n) -> 1
              return twice(n + 1) * 1000 + twice(n, 2 + 3) * 10 + field(s, S)
            end
            """
        #expect(try run(text, 5) == 13 * 1000 + 15 * 10 + 4)
    }

    @Test func `a macro may make definitions`() throws {
        let text = """
            macro counter(name, start)
              global name = start
            endmacro
            counter(apples, 3)
            counter(pears, 4)
            export proc f() -> 1
              return apples * 10 + pears
            end
            """
        #expect(try run(text) == 34)
    }

    @Test func `a macro may use itself under .if`() throws {
        let text = """
            macro unroll(n, x)
              .if n > 0
                x += n
                unroll(n - 1, x)
              .endif
            endmacro
            export proc f() -> 1
              let sum = 0
              unroll(10, sum)
              return sum
            end
            """
        #expect(try run(text) == 55)
    }

    @Test(arguments: [
        ("macro m()\n m()\nendmacro\nproc f()\n m()\nend", DiagnosticCode.macroDepth),
        ("macro m(a)\n a\nendmacro\nproc f()\n m()\nend", .macroArguments),
        ("macro m(a)\n a\nendmacro\nproc f()\n m(1, 2)\nend", .macroArguments),
        ("macro m(a = 1, b)\nendmacro", .macroArguments),
        ("macro m()\n", .missingEnd),
        ("macro m()\n.if 1\nendmacro", .conditional),
        ("proc f()\n later()\nend\nmacro later()\nendmacro", .wrongKind),
    ])
    func `a wrong macro is one error`(text: String, code: DiagnosticCode) {
        #expect(codes(assemble(".prost 1\n" + text)) == [code])
    }

    @Test func `a macro that doubles itself ends by the limit`() {
        var text = ".prost 1\nmacro m0()\n nop nop nop nop\nendmacro\n"
        for level in 1..<30 {
            text += "macro m\(level)()\n m\(level - 1)()\n m\(level - 1)()\nendmacro\n"
        }
        text += "proc f()\n m29()\nend"
        #expect(codes(assemble(text)).contains(.macroSize))
    }
}

@Suite struct IncludeTests {
    @Test func `a file is included once, and only what is used is kept`() throws {
        let library = SourceFile(
            path: "lib.inc",
            text: """
                include "deep.inc"
                import kbr.self, env.log
                data used: "used"
                data unused: "unused, and long enough to be seen"
                bss room[100]
                proc helper() -> 1
                  env.log(0, span(used))
                  return deep() + VALUE
                end
                proc nobody()
                  kbr.self(room)
                end
                """
        )
        let deep = SourceFile(
            path: "deep.inc",
            text: "include \"lib.inc\"\nconst VALUE = 2\nproc deep() -> 1\n return 1\nend"
        )
        let cyclic = assemble(".prost 1\ninclude \"lib.inc\"", files: [library, deep])
        #expect(codes(cyclic) == [.includeCycle])

        let shallow = SourceFile(
            path: "deep.inc",
            text: String(decoding: deep.bytes, as: UTF8.self)
                .replacing("include \"lib.inc\"\n", with: "")
        )
        let image = try image(
            """
            .prost 1
            include "lib.inc"
            include "deep.inc"
            include "lib.inc"
            export proc f() -> 1
              return helper()
            end
            """,
            files: [library, shallow]
        )
        #expect(image.functions.count == 3)
        #expect(image.imports.map(\.name) == ["env.log"])
        #expect(image.data == [.init(address: 16, bytes: Array("used".utf8))])
    }

    @Test func `errors in unused procedures of a library are found`() {
        let library = SourceFile(path: "lib.inc", text: "proc broken() -> 1\n return nothing\nend")
        let result = assemble(".prost 1\ninclude \"lib.inc\"", files: [library])
        #expect(codes(result) == [.unknownName])
        #expect(result.diagnostics[0].primary.path == "lib.inc")
        guard case .include(let at) = result.diagnostics[0].origins.first else {
            Issue.record("no include is named")
            return
        }
        #expect(at.line == 2)
    }

    @Test func `a missing file says where it was looked for`() {
        let result = assemble(".prost 1\ninclude \"none.inc\"\nproc f()\n drop\nend")
        #expect(codes(result) == [.includeMissing, .stackUnderflow])
        #expect(result.diagnostics[0].notes == ["looked for none.inc"])
    }

    @Test func `includes are looked for beside, on the path, and in the library`() {
        let files = ["a/x.inc": "x", "lib/y.inc": "y"]
        let resolver = SearchPathResolver(folders: ["lib"]) { path in
            files[path].map { .bytes(Array($0.utf8)) } ?? .missing
        }
        func path(_ name: String, from includer: String) -> String? {
            guard case .found(let file) = resolver.resolve(name, includedFrom: includer) else {
                return nil
            }
            return file.path
        }
        #expect(path("x.inc", from: "a/main.pasm") == "a/x.inc")
        #expect(path("y.inc", from: "a/main.pasm") == "lib/y.inc")
        #expect(path("../a/x.inc", from: "a/main.pasm") == "a/x.inc")
        #expect(path("std.inc", from: "a/main.pasm") == "<prost>/std.inc")
        #expect(path("z.inc", from: "a/main.pasm") == nil)
    }

    @Test func `too many includes inside each other end by the limit`() {
        let files = (0..<40).map {
            SourceFile(path: "\($0).inc", text: "include \"\($0 + 1).inc\"")
        }
        let result = assemble(".prost 1\ninclude \"0.inc\"", files: files)
        #expect(codes(result) == [.includeDepth])
    }

    @Test func `conditional text is chosen by constants`() throws {
        let text = """
            .prost 1
            const LEVEL = 2
            .if LEVEL == 1
            const X = 10
            .elif LEVEL == 2 && !defined(DEBUG)
            const X = 20
            .elif LEVEL == 2
            const X = 30
            .else
            .error "no such level"
            .endif
            export proc f() -> 1
              .if defined(X)
                return X
              .else
                this is not even a program
              .endif
            end
            """
        #expect(try Execution(try image(text)).call("f") == .results([20]))
        let debug = assemble(text, defines: [("DEBUG", 1)])
        #expect(try Execution(try #require(debug.image)).call("f") == .results([30]))
    }

    @Test(arguments: [
        (".if 1\n", [DiagnosticCode.conditional]), (".endif\n", [.conditional]),
        (".else\n", [.conditional]), (".if 0\n.else\n.else\n.endif\n", [.conditional]),
        (".if later\n.endif\nconst later = 1\n", [.unknownName]), (".error \"x\"\n", [.userError]),
    ])
    func `a wrong conditional is one error`(text: String, expected: [DiagnosticCode]) {
        #expect(codes(assemble(".prost 1\n" + text)) == expected)
    }
}
