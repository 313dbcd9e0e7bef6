internal import PeerletAssembler
internal import PeerletVM
internal import Testing

@Suite struct ExpressionTests {
    @Test(arguments: [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("7 - 2 - 1", 4), ("1 << 3 + 1", 16),
        ("6 & 3 == 2", 1), ("1 | 6 & 3", 3), ("5 ^ 1 | 8", 12), ("-7 / 2", -3), ("-7 % 3", -1),
        ("-8 >> 1", -4), ("-1 >>u 60", 15), ("-1 <u 1", 0), ("-1 < 1", 1), ("-1 /u 2", Int64.max),
        ("-1 %u 10", 5), ("!0", 1), ("!5", 0), ("~0", -1), ("- - 3", 3), ("2 >=u 2", 1),
        ("1 ? 2 : 3", 2), ("0 ? 2 : 0 ? 4 : 5", 5), ("0 || 7", 1), ("3 && 0", 0),
        ("0 || 0 && 1", 0),
        ("'a' + 1", 98), ("0b1010_1010", 170), ("0o17", 15), ("0xFFFF_FFFF_FFFF_FFFF", -1),
        ("2 == 2 ? 10 : 20", 10), ("1 != 2", 1), ("3 <= 3", 1), ("4 > 5", 0), ("-1 <=u 0", 0),
    ])
    func `an expression has the value of its grammar`(text: String, value: Int64) throws {
        #expect(try run("export proc f() -> 1\n return \(text)\nend") == value)
        // Operands that are not constant are computed at run time, to the same value.
        let variables = text.replacing(#/\b(0[xob][0-9A-F_]+|[0-9]+|'a')/#) {
            "(z + \($0.output.0))"
        }
        #expect(
            try run("export proc f(z) -> 1\n return \(variables)\nend", 0) == value,
            "\(variables)"
        )
    }

    @Test(arguments: 0..<150)
    func `constants and run time agree on random expressions`(seed: UInt64) throws {
        var generator = ExpressionGenerator(seed: seed)
        let expression = generator.expression(depth: 5)
        let constant = assemble(
            ".prost 1\nexport proc f() -> 1\n return \(expression.constant)\nend"
        )
        // What overflows as a constant wraps at run time; only what both can say is compared.
        guard let image = constant.image else {
            let allowed: Set<DiagnosticCode> = [.overflow, .divisionByZero]
            #expect(constant.diagnostics.allSatisfy { allowed.contains($0.code) })
            return
        }
        let folded = try Execution(image).call("f")
        let runtime = try Execution(
            ".prost 1\nexport proc f(z) -> 1\n return \(expression.runtime)\nend"
        ).call("f", 0)
        #expect(folded == runtime, "\(expression.constant)")
    }

    @Test(arguments: ["a && b()", "!(a == 0 || b() == 0)", "a ? b() : 0"])
    func `what is not needed is not computed`(text: String) throws {
        let program = """
            .prost 1
            global calls = 0
            proc b() -> 1
              calls += 1
              return 1
            end
            export proc f(a) -> 1
              return \(text)
            end
            export proc count() -> 1
              return calls
            end
            """
        let execution = try Execution(program)
        #expect(try execution.call("f", 0) == .results([0]))
        #expect(try execution.call("count") == .results([0]))
        #expect(try execution.call("f", 9) == .results([1]))
        #expect(try execution.call("count") == .results([1]))
    }

    @Test func `operands are computed from left to right`() throws {
        let value = try run(
            """
            global order = 0
            proc note(n) -> 1
              order = order * 10 + n
              return n
            end
            proc third(a, b, c)
            end
            export proc f() -> 1
              third(note(1) + note(2) * note(3), note(4), note(5))
              return order
            end
            """
        )
        #expect(value == 12345)
    }

    @Test func `instructions can be called, with constant offsets`() throws {
        let value = try run(
            """
            bss buffer[64]
            export proc f() -> 1
              store32(buffer, 0x0102_0304, 4)
              memory.copy(buffer + 8, buffer, 8)
              return rotl(load16_u(buffer, 12), 8) + select(5, 6, 0) + clz(1)
            end
            """
        )
        #expect(value == 0x03_0400 + 6 + 63)
    }

    @Test func `a procedure with several results fills several locals`() throws {
        let value = try run(
            """
            proc divide(a, b) -> 2
              return a / b, a % b
            end
            proc same(a, b) -> 2
              return divide(a, b)
            end
            export proc f() -> 1
              let quotient, rest = same(47, 10)
              return quotient * 100 + rest
            end
            """
        )
        #expect(value == 407)
    }

    @Test func `call_indirect goes through the table`() throws {
        let execution = try Execution(
            """
            .prost 1
            proc one() -> 1
              return 1
            end
            proc two() -> 1
              return 2
            end
            table two
            export proc f(i) -> 1
              (i) call_indirect 0 1
            end
            export proc index() -> 1
              return @one * 10 + @two
            end
            """
        )
        #expect(try execution.call("index") == .results([10]))
        #expect(try execution.call("f", 0) == .results([2]))
        #expect(try execution.call("f", 1) == .results([1]))
        #expect(try execution.call("f", 2) == .trap(.undefinedElement))
    }
}

/// Random expressions, once of constants and once of the same values at run time.
private struct ExpressionGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 7 }

    private mutating func next(_ bound: UInt64) -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state % bound
    }

    mutating func expression(depth: Int) -> (constant: String, runtime: String) {
        if depth == 0 || next(6) == 0 {
            let value = next(4) == 0 ? next(1 << 40) : next(20)
            return ("\(value)", "(z + \(value))")
        }
        let left = expression(depth: depth - 1)
        switch next(8) {
        case 0:
            let sign = ["-", "~", "!"][Int(next(3))]
            return ("(\(sign)\(left.constant))", "(\(sign)\(left.runtime))")
        case 1:
            let middle = expression(depth: depth - 1)
            let right = expression(depth: depth - 1)
            return (
                "(\(left.constant) ? \(middle.constant) : \(right.constant))",
                "(\(left.runtime) ? \(middle.runtime) : \(right.runtime))"
            )
        case 2:
            let count = next(8)
            let sign = ["<<", ">>", ">>u"][Int(next(3))]
            return (
                "(\(left.constant) \(sign) \(count))", "(\(left.runtime) \(sign) (z + \(count)))"
            )
        default:
            let signs = [
                "+", "-", "*", "/", "%", "&", "|", "^", "==", "!=", "<", "<=", ">", ">=", "&&",
                "||",
            ]
            let sign = signs[Int(next(UInt64(signs.count)))]
            let right = expression(depth: depth - 1)
            return (
                "(\(left.constant) \(sign) \(right.constant))",
                "(\(left.runtime) \(sign) \(right.runtime))"
            )
        }
    }
}
