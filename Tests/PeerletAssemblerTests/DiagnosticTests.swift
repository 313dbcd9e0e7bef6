internal import Foundation
internal import PeerletAssembler
internal import PeerletBytecode
internal import Testing

@Suite struct DiagnosticTests {
    /// What is printed for a body of `proc f(a, b) -> 1`, which begins at line 3.
    private func report(_ body: String) -> String {
        render(assemble(".prost 1\nproc f(a, b) -> 1\n\(body)\nend\n"))
    }

    @Test func `stack underflow shows the instruction`() {
        #expect(
            report("  local.get a\n  add\n  return 1") == """
                error[PA0501]: stack underflow: `add` needs 2 values, 1 on the stack
                 --> main.pasm:4:3
                  |
                4 |   add
                  |   ^^^

                """
        )
    }

    @Test func `a misspelt name gets a suggestion`() {
        #expect(
            report("  let counter = 1\n  return countre + a") == """
                error[PA0301]: `countre` is not defined
                 --> main.pasm:4:10
                  |
                4 |   return countre + a
                  |          ^^^^^^^
                  |
                  = help: did you mean `counter`?

                """
        )
    }

    @Test func `a wrong call shows the signature`() {
        let text = """
            .prost 1
            import kbr.reply
            upcall client(ev)
              kbr.reply(ev, 0)
            end
            """
        #expect(
            render(assemble(text)) == """
                error[PA0504]: `kbr.reply` takes 5 arguments, 2 given
                 --> main.pasm:4:3
                  |
                4 |   kbr.reply(ev, 0)
                  |   ^^^^^^^^^^^^^^^^
                  |
                  = note: kbr.reply(handle*, status, data*, len, flags)

                """
        )
    }

    @Test func `a missing end shows both places`() {
        let text = ".prost 1\nproc f()\n  if 1\n    nop\n\nproc g()\nend\n"
        #expect(
            render(assemble(text)) == """
                error[PA0202]: `if` has no `end`
                 --> main.pasm:3:3
                  |
                3 |   if 1
                  |   ^^
                 ::: main.pasm:6:1
                  |
                6 | proc g()
                  | ---- missing before this

                """
        )
    }

    @Test func `an overflow prints the values`() {
        #expect(
            render(assemble(".prost 1\nconst A = 1 << 62\nconst B = A * 5\n")) == """
                error[PA0402]: the constant does not fit 64 bits
                 --> main.pasm:3:11
                  |
                3 | const B = A * 5
                  |           ^^^^^ 4611686018427387904 * 5

                """
        )
    }

    @Test func `an error in a macro in an include shows the way to it`() {
        let library = SourceFile(
            path: "lib/counter.inc",
            text: "macro bump(x)\n  x = x + missing\nendmacro\n"
        )
        let text = """
            .prost 1
            include "lib/counter.inc"
            proc f(n) -> 1
              bump(n)
              return n
            end
            """
        #expect(
            render(assemble(text, files: [library])) == """
                error[PA0301]: `missing` is not defined
                 --> lib/counter.inc:2:11
                  |
                2 |   x = x + missing
                  |           ^^^^^^^
                  |
                  = in the expansion of macro `bump`, used at main.pasm:4:3

                """
        )
    }

    @Test func `columns are characters and tabs are shown`() {
        let text = ".prost 1\nproc f()\n\tlet é = \"é\" nonsense\nend\n"
        let result = assemble(text)
        #expect(codes(result).first == .badCharacter)
        let tabs = assemble(".prost 1\nproc f()\n\tdrop ; ü\nend\n")
        #expect(
            render(tabs) == """
                error[PA0501]: stack underflow: `drop` needs 1 value, 0 on the stack
                 --> main.pasm:3:2
                  |
                3 |     drop ; ü
                  |     ^^^^

                """
        )
    }

    @Test func `the short form is one line`() {
        let result = assemble(".prost 1\nproc f()\n  drop\nend\n")
        let renderer = DiagnosticRenderer(usesColor: false)
        #expect(
            result.diagnostics.map(renderer.short) == [
                "main.pasm:3:3: error[PA0501]: stack underflow: `drop` needs 1 value, 0 on the stack\n"
            ]
        )
    }

    @Test func `control characters of the source do not reach the terminal`() {
        let text = ".prost 1\nproc f()\n  drop \u{1B}[31m\u{202E}\nend\n"
        let report = render(assemble(text))
        #expect(!report.unicodeScalars.contains("\u{1B}"))
        #expect(!report.unicodeScalars.contains("\u{202E}"))
    }

    @Test(arguments: [
        ("proc f() -> 1\n return x y\nend", [DiagnosticCode.unexpected]),
        ("proc f(data, bss)\nend\nproc f()\nend", [.duplicate]),
        ("proc f(a, a)\nend", [.duplicate]),
        ("proc add()\nend", [.reservedName]),
        ("const if = 1", [.reservedName]),
        ("proc f()\n nop:\nend", [.reservedName]),
        ("proc f()\n let data = 1\n let id = data\n id = 2\nend", []),
        ("proc f()\n break\nend", [.outsideLoop]),
        ("proc f() -> 1\nend", [.resultCount]),
        ("proc f()\n return 1\nend", [.resultCount]),
        ("proc f() -> 2\n return 1\nend", [.resultCount]),
        ("proc f(a)\n if a then const 1 end\nend", [.stackMismatch]),
        ("proc f(a)\n while a do const 1 end\nend", [.stackMismatch]),
        ("proc f(a) -> 1\n if a\n const 1\n else\n const 2\n end\nend", []),
        ("proc f()\n br nowhere\nend", [.unknownName]),
        ("proc f()\n here:\n here:\nend", [.duplicate]),
        ("proc f()\n return\n here:\n nop\nend", [.unreachable]),
        ("proc f()\n return\n nop\nend", [.unreachable]),
        ("proc f()\n 5 = 1\nend", [.unexpected]),
        ("proc f()\n f() = 1\nend", [.notAssignable]),
        ("const C = 1\nproc f()\n C = 2\nend", [.notAssignable]),
        ("struct S { a: bytes[4] }\nproc f(p: S)\n p.a = 2\nend", [.notAssignable]),
        ("struct S { a: u8 }\nproc f(p: S)\n p.b = 2\nend", [.unknownField]),
        ("proc f(p)\n p.b = 2\nend", [.untyped]),
        ("proc f(p) -> 1\n return p[1]\nend", [.untyped]),
        ("proc f(p: u8)\nend", [.untyped]),
        ("proc f(p: Q)\nend", [.unknownName]),
        ("struct S { a: u8, a: u8 }", [.duplicate]),
        ("proc f() -> 1\n return g\nend\nproc g()\nend", [.wrongKind]),
        ("proc f()\n kbr.reply(1, 2, 3, 4, 5)\nend", [.notImported]),
        ("import kbr.reply", [.unusedImport]),
        ("import kbr.nothing", [.unknownHostCall]),
        ("upcall deliver()\nend", [.upcallShape]),
        ("upcall deliver(ev) -> 2\n return 1, 2\nend", [.upcallShape]),
        ("upcall nothing(ev)\nend", [.unknownUpcall]),
        ("proc f()\n lod64 4\nend", [.unknownInstruction]),
        ("proc f(a)\n trap 256\nend", [.outOfRange]),
        ("proc f(a) -> 1\n return 1 < a < 3\nend", [.unexpected]),
        ("proc f(a) -> 1\n return f (a)\nend", [.unexpected]),
        ("proc f(a)\n if a == then nop end\nend", [.unexpected]),
        ("const A = 1 +\nconst B = 2", [.unexpected]),
        ("const A = (1 + 2\nconst B = 2", [.unexpected]),
        ("data x: \"abc", [.badString]), ("const A = 12ab", [.badNumber]),
        ("const A = '\\q'", [.badEscape]), ("const A = ''", [.badString]),
        ("const A = 0x1_0000_0000_0000_0000", [.badNumber]), ("const A = 1 / 0", [.divisionByZero]),
        ("const A = 1 << 64", [.overflow]), ("assert 1 == 2, \"no\"", [.assertion]),
        (".limit fule_per_upcall 1", [.badDirectiveValue]), (".nam \"x\"", [.unknownDirective]),
        (".name \"Not Allowed\"", [.badDirectiveValue]), (".version \"1.2\"", [.badDirectiveValue]),
        (".type sideways", [.badDirectiveValue]), (".name \"a\"\n.name \"b\"", [.duplicate]),
        (".not_before \"2026-02-30\"", [.badDirectiveValue]),
        ("export x = nothing", [.unknownName]), ("table nothing", [.unknownName]),
        ("export proc f()\nend\nexport f = f", [.duplicate]),
        ("proc f(a)\n let x, y = a\nend", [.resultCount]),
        ("proc f(a)\n switch a\n case 1\n case 1\n end\nend", [.duplicate]),
        ("proc f(a)\n span(a)\nend", [.unexpected]),
        ("proc g(a, b)\nend\nproc f(a)\n g(span(a))\nend", [.wrongKind]),
        ("end", [.unexpected]), ("nop", [.unexpected]),
    ])
    func `a mistake is one diagnostic`(text: String, expected: [DiagnosticCode]) {
        let result = assemble(".prost 1\n" + text)
        #expect(codes(result) == expected, "\(render(result))")
    }

    @Test func `several mistakes are all found in one run`() {
        let text = """
            .prost 1
            proc f() -> 1
              drop
              return missing
            end
            proc g(
            end
            const A = B
            proc h()
              let x = 1 +
              kbr.self(0)
            end
            """
        let expected: [DiagnosticCode] = [
            .stackUnderflow, .unknownName, .unexpected, .unknownName, .unexpected, .notImported,
        ]
        #expect(codes(assemble(text)) == expected, "\(render(assemble(text)))")
    }

    @Test func `the first line is demanded`() {
        #expect(codes(assemble("proc f()\nend\n")) == [.badVersionLine])
        #expect(codes(assemble("; only a comment\n.prost 2\n")) == [.badVersionLine])
    }

    @Test func `the specification lists every code with its meaning`() throws {
        let file = peerletFolder.deletingLastPathComponent().appending(
            path: "Spec/assembly-language.md"
        )
        let text = try String(contentsOf: file, encoding: .utf8)
        for code in DiagnosticCode.allCases {
            #expect(text.contains("| \(code.rawValue) | \(code.meaning) |"))
        }
    }
}
