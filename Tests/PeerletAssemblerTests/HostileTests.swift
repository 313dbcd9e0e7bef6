internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletVM
internal import Testing

@Suite struct HostileTests {
    private func refused(_ bytes: [UInt8]) -> [DiagnosticCode] {
        let result = Assembler.assemble(
            main: SourceFile(path: "x", bytes: bytes),
            resolver: MemorySourceResolver()
        )
        #expect(result.image == nil)
        return codes(result)
    }

    @Test func `files that are no text are refused whole`() {
        #expect(refused(Array(".prost 1\n\0".utf8)) == [.badEncoding])
        #expect(refused(Array(".prost 1\n".utf8) + [0xFF, 0xFE]) == [.badEncoding])
        #expect(refused(Array(".prost 1\n".utf8) + [0xC0, 0x80]) == [.badEncoding])
        #expect(refused([UInt8](repeating: 0x20, count: 1 << 20)) == [.tooLarge])
        #expect(refused([UInt8](repeating: 0x0A, count: (16 << 20) + 1)) == [.tooLarge])
    }

    @Test(arguments: [
        "(", "[", "-", "!", "~", "f(", "1 ? ", "if 1\n", "while 1 do ", "loop\n", "u8[](", "\"",
        "'",
    ])
    func `deep nesting is an error, not a crash`(piece: String) {
        let text = ".prost 1\nproc f()\n return " + String(repeating: piece, count: 3000)
        #expect(!codes(assemble(text)).isEmpty)
        let blocks = ".prost 1\nproc f()\n" + String(repeating: piece + "\n", count: 3000)
        #expect(!codes(assemble(blocks)).isEmpty)
    }

    @Test(arguments: ["+ 1", "[0]", ".x", "? 1 : 1", "&& 1", "== 1"])
    func `long chains are errors, not crashes`(piece: String) {
        let chain = String(repeating: "\n" + piece, count: 20_000)
        let tight = String(repeating: piece, count: 2000)
        for text in ["(x \(chain))", "(x\(tight))", "x\(tight) = 1"] {
            let result = assemble(".prost 1\nproc f(x)\n \(text)\nend")
            #expect(result.hasErrors)
        }
    }

    @Test func `long chains of constants and structs are errors`() {
        var text = ".prost 1\nconst c0 = c1\n"
        for index in 1..<5000 { text += "const c\(index) = c\(index + 1)\n" }
        #expect(codes(assemble(text + "const c5000 = 1")).contains(.nesting))
        var structs = ".prost 1\n"
        for index in 0..<5000 { structs += "struct S\(index) { a: S\(index + 1) }\n" }
        #expect(codes(assemble(structs + "struct S5000 { a: u8 }")).contains(.nesting))
        // Wide constants in a long chain, long chains behind code and data, many near names.
        let sum = String(repeating: " + 1", count: 200)
        var wide = ".prost 1\nproc f() -> 1\n return c0\nend\n"
        for index in 0..<199 { wide += "const c\(index) = c\(index + 1)\(sum)\n" }
        #expect(codes(assemble(wide + "const c199 = 1")).contains(.nesting))
        var data = ".prost 1\nproc f() -> 1\n return d0\nend\n"
        for index in 0..<20_000 { data += "data d\(index): u64 d\(index + 1)\n" }
        #expect(assemble(data + "data d20000: 1").image != nil)
        #expect(codes(assemble(".prost 1\nstruct S { a: S }")) == [.constantCycle])
        #expect(codes(assemble(".prost 1\nconst a = b\nconst b = a")) == [.constantCycle])
        #expect(codes(assemble(".prost 1\nstruct S { a: u8[sizeof(S)] }")) == [.constantCycle])
    }

    @Test func `sizes that overflow are errors`() {
        for size in ["0xFFFF_FFFF_FFFF_FFFF", "-1", "1 << 40", "1 << 70", "1 / 0"] {
            for form in [
                "bss a[\(size)]", "bss a: u64[\(size)]", "data a: zero \(size)", "inbox \(size)",
                "struct S { a: u64[\(size)] }", "data a at \(size): 1", ".pages \(size)",
                "struct S { at \(size), a: u8 }", ".limit memory_pages \(size)",
            ] {
                #expect(assemble(".prost 1\n\(form)").hasErrors, "\(form)")
            }
        }
        let many = (0..<100).map { "bss a\($0)[1 << 24]" }.joined(separator: "\n")
        #expect(codes(assemble(".prost 1\n" + many)).contains(.layout))
    }

    @Test func `much zero data, many imports and many fields are refused early`() {
        let zeros = String(repeating: ", zero 16_000_000", count: 10_000)
        #expect(
            codes(assemble(".prost 1\ndata a: zero 1\(zeros.prefix(16_000))")).contains(.tooLarge)
        )
        let several = (0..<100).map { "data a\($0): zero 1_000_000" }.joined(separator: "\n")
        #expect(
            codes(assemble(".prost 1\n.limit memory_pages 65_000\n" + several)).contains(.tooLarge)
        )
        let segments = (0..<2000).map { _ in ".segment 0: zero 1_000_000" }.joined(separator: "\n")
        #expect(codes(assemble(".prost 1\n" + segments)).contains(.tooLarge))
        let table = String(repeating: "table f\n", count: 5000)
        #expect(codes(assemble(".prost 1\nproc f()\nend\n" + table)).contains(.tooLarge))
        let imports = (0..<5000).map { "import x.y\($0)" }.joined(separator: "\n")
        #expect(codes(assemble(".prost 1\n" + imports)).contains(.tooLarge))
        let fields = (0..<9000).map { "f\($0): u8\n" }.joined()
        #expect(codes(assemble(".prost 1\nstruct S {\n\(fields)}")).contains(.tooLarge))
    }

    @Test func `a program of too many parts is not read to its end`() {
        let line = String(repeating: "nop ", count: 4000) + "\n"
        let text = ".prost 1\nproc f()\n" + String(repeating: line, count: 1049) + "nonsense\nend\n"
        #expect(codes(assemble(text)).first == .tooLarge)
        #expect(!codes(assemble(text)).contains(.unknownInstruction))
    }

    @Test func `no more errors are reported than the limit`() {
        let text = ".prost 1\n" + String(repeating: "nonsense\n", count: 500)
        let result = assemble(text)
        #expect(result.diagnostics.count == 51)
        #expect(result.diagnostics.contains { $0.code == .tooManyErrors })
    }

    @Test(arguments: 0..<60)
    func `random bytes never crash`(seed: UInt64) {
        var random = HostileRandom(seed: seed)
        let bytes = (0..<random.next(4000)).map { _ in UInt8(random.next(256)) }
        _ = render(
            Assembler.assemble(
                main: SourceFile(path: "x", bytes: bytes),
                resolver: MemorySourceResolver()
            )
        )
    }

    @Test(arguments: 0..<150)
    func `soups of tokens never crash, and what assembles verifies`(seed: UInt64) throws {
        var random = HostileRandom(seed: seed)
        var text = ".prost 1\n"
        for _ in 0..<random.next(600) { text += random.token() }
        let result = assemble(text)
        _ = render(result)
        if let image = result.image { _ = try Verifier.verify(image) }
    }

    @Test(arguments: 0..<150)
    func `damaged programs never crash, and what assembles verifies`(seed: UInt64) throws {
        var random = HostileRandom(seed: seed)
        var lines = Self.sample.split(separator: "\n", omittingEmptySubsequences: false)
            .map(String.init)
        for _ in 0...random.next(4) {
            let line = random.next(lines.count)
            switch random.next(4) {
            case 0: lines.remove(at: line)
            case 1: lines.insert(lines[random.next(lines.count)], at: line)
            case 2: lines[line] += random.token() + random.token()
            default:
                var words = lines[line].split(separator: " ").map(String.init)
                if !words.isEmpty { words[random.next(words.count)] = random.token() }
                lines[line] = words.joined(separator: " ")
            }
        }
        let result = assemble(lines.joined(separator: "\n"))
        _ = render(result)
        if let image = result.image {
            do throws(VerificationError) {
                _ = try Verifier.verify(image)
            } catch {
                // The one rule that the assembler leaves to the verifier.
                #expect(error.rule == .blockPrice, "\(lines.joined(separator: "\n"))")
            }
        }
    }

    static let sample = """
        .prost 1
        .name "sample"
        import kbr.reply, st.get
        const A = 4 * B
        const B = 1 << 3
        enum Kind { PUT = 1, GET }
        struct Entry { kind: u8, size: u32, key: bytes[32], next: Link }
        struct Link { to: u64 }
        data key: "abc", u16 1, 2
        bss table: Entry[8]
        global count = 3
        macro check(x)
          let v = x
          if v < 0 then return v end
        endmacro
        proc find(k) -> 1
          for i in 0..8
            if table[i].kind == Kind.GET && load64(table[i].key) == k then return i end
          end
          return -1
        end
        proc mixed(a, b) -> 2
          local.get a  const 3  add  (b * 2)
          loop
            count += 1
            if count > A then break end
          end
        end
        upcall deliver(ev)
          check(find(7))
          let x, y = mixed(1, 2)
          switch x
          case 1, 2
            y = 4
          default
            y = x ? 1 : 2
          end
        again:
          y -= 1
          (y > 0) br_if again
          kbr.reply(ev + 320, 0, span(key), st.get(span(key), 0, 0, 0, 0))
          return y
        end
        """
}

struct HostileRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 99 }

    mutating func next(_ bound: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(max(bound, 1)))
    }

    private static let words: [String] = [
        "proc ", "end\n", "f", "g", "x", "(", ")", "[", "]", "{", "}", ",", ":", "\n", "\n", " ",
        "let ",
        "if ", "then ", "else\n", "elif ", "while ", "do ", "loop\n", "for ", " in ", "..",
        "switch ",
        "case ", "default\n", "break\n", "continue\n", "return ", "1", "0xFF", "\"s\"", "'c'", "+",
        "-",
        "*", "/", "%", "<", "<u", ">>u", "==", "=", "+=", "&&", "||", "?", "!", "~", "@", "->", ".",
        "const ", "enum ", "struct ", "data ", "bss ", "global ", "table ", "macro ", "endmacro\n",
        "include ", "import ", "export ", "upcall ", "deliver", "(ev: Event)", "kbr.route", ".if ",
        ".else\n", ".endif\n", ".elif ", "sizeof(", "span(", "defined(", "id ", "u8 ", "u64[]",
        "bytes",
        "add ", "drop ", "dup ", "br ", "br_if ", "br_table ", "local.get ", "local.set ", "const ",
        "load64 ", "store8(", "call ", "host ", "trap ", "x.y", "x.y.z = ", "at ", "align ",
        "zero ",
        "hex ", ".name ", ".limit ", "inbox ", "assert ", "locals ", "; comment\n", "é", "$", "\\",
        "\t",
        "18446744073709551615", "-9223372036854775808",
    ]

    mutating func token() -> String {
        Self.words[next(Self.words.count)] + (next(3) == 0 ? " " : "")
    }
}
