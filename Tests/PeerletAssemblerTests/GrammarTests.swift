import Foundation
import PeerletAssembler
import PeerletBytecode
import Testing

/// The grammar of `Spec/assembly-language.md` §9 against the parser.
@Suite struct GrammarTests {
    private func page() throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(
            contentsOf: root.appendingPathComponent("Spec/assembly-language.md"),
            encoding: .utf8
        )
    }

    private func words(_ section: String) throws -> Set<String> {
        let page = try page()
        let parts = page.components(separatedBy: "<!-- \(section) -->\n```\n")
        let text = try #require(parts.last?.components(separatedBy: "```").first)
        return Set(text.split { $0 == " " || $0 == "\n" }.map(String.init))
    }

    /// The quoted words of §9, all of them that could be names.
    private func quoted() throws -> Set<String> {
        let grammar = try #require(try page().components(separatedBy: "\n## 9. Grammar\n").last)
        let parts = grammar.components(separatedBy: "\"")
        return Set(parts.filter { $0.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_]*/) != nil })
    }

    private func isRefused(_ text: String) -> Bool {
        assemble(".prost 1\n\(text)\n").diagnostics.contains { $0.code == .reservedName }
    }

    @Test func `exactly the reserved words and mnemonics cannot be defined`() throws {
        let always = try words("reserved")
        let definitions = try words("reserved-definitions")
        #expect(always.count > 30)
        #expect(always.isDisjoint(with: definitions))
        let mnemonics = Set(OpcodeTable.rows.map(\.mnemonic).filter { !$0.contains(".") })
        let known = try always.union(definitions).union(mnemonics).union(quoted())
        for word in known.sorted() {
            let isTaken = always.contains(word) || mnemonics.contains(word)
            #expect(isRefused("proc f()\n  let \(word) = 1\nend") == isTaken, "local \(word)")
            let isWord = isTaken || definitions.contains(word)
            #expect(isRefused("const \(word) = 1") == isWord, "definition \(word)")
        }
    }

    @Test(arguments: [
        "const a=0X2a, b",
        "enum { ,\n, a,\n,b = 2 c }",
    ])
    func `what the grammar does not derive is refused`(text: String) {
        #expect(assemble(".prost 1\n\(text)\n").hasErrors)
    }

    /// Alternatives that no example of the other sections shows.
    @Test(arguments: [
        "const a = 0X2a + 0B1_0 + 0O7 + '\\u{41}'",
        "enum E { ,\n, a,\n,b = 2\n}",
        "struct S { a: u8, at 8\n _: bytes[3] }\nbss s: S[2][3]",
        "data d align 8: u16 1, 2,\n u8 \"x\", zero 3, hex \"0a 0b\", id \"n\"",
        "proc f(a) -> 1 locals 2\n here: local.get a drop return a ? 1 : 2\nend",
        "proc f(a)\n if a then f(1) elif a == 2\n f(2) else f(3) end\nend",
        "proc f(a)\n switch a\n\n case 1, 2 do f(1)\n default f(2) end\nend",
        "macro m(x, y = (1, 2)[0])\n const x drop\nendmacro\nproc f()\n m(1)\n end",
        ".if 1\nconst a = 1\n.elif 2\n.else\n.endif",
    ])
    func `what the grammar derives is read`(text: String) {
        let result = assemble(".prost 1\n\(text)\n")
        #expect(!result.hasErrors, "\(render(result))")
    }
}
