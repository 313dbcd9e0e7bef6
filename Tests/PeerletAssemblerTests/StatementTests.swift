internal import PeerletAssembler
internal import PeerletBytecode
internal import Testing

@Suite struct StatementTests {
    @Test func `if, elif and else choose one arm`() throws {
        let text = """
            export proc f(n) -> 1
              let r = 0
              if n < 0
                r = 1
              elif n == 0 then r = 2
              elif n == 1
                r = 3
              else
                r = 4
              end
              return r
            end
            """
        for (n, r) in [(-5, 1), (0, 2), (1, 3), (9, 4)] as [(Int64, Int64)] {
            #expect(try run(text, n) == r)
        }
    }

    @Test func `loops run, break and continue`() throws {
        let text = """
            export proc f(n) -> 1
              let sum = 0
              for i in 1..n + 1
                if i % 2 == 0 then continue end
                if i > 9 then break end
                sum += i
              end
              let k = 0
              while k < 3 do k += 1 end
              loop
                k += 10
                if k > 30 then break end
              end
              return sum * 100 + k
            end
            """
        #expect(try run(text, 20) == 2533)
        #expect(try run(text, 3) == 433)
        #expect(try run(text, -3) == 33)
    }

    @Test func `the limit of a for loop is computed once`() throws {
        let text = """
            export proc f() -> 1
              let n = 3
              let rounds = 0
              for i in 0..n
                n += 1
                rounds += 1
              end
              return rounds
            end
            """
        #expect(try run(text) == 3)
    }

    @Test(arguments: ["0", "100"])
    func `switch takes the right case, dense or sparse`(base: String) throws {
        let dense = """
            const B = \(base)
            export proc f(n) -> 1
              switch n
              case B
                return 1
              case B + 1, B + 2
                return 2
              case B + 4
                return 3
              default
                return 9
              end
            end
            """
        let sparse = dense.replacing("B + 4", with: "B + 4_000_000")
        let start = try #require(Int64(base))
        for (offset, value) in [(-1, 9), (0, 1), (1, 2), (2, 2), (3, 9), (4, 3)] as [(Int64, Int64)]
        {
            #expect(try run(dense, start + offset) == value)
            let far = offset == 4 ? 4_000_000 : offset
            #expect(try run(sparse, start + far) == value)
        }
        #expect(try run(dense, Int64.min) == 9)
    }

    @Test func `labels and stack instructions make any flow`() throws {
        let text = """
            export proc f(n) -> 1
              const 0
              br test
            more:
              local.get n  add
              (n - 1)  local.set n
            test:
              local.get n  br_if more
            end
            """
        let result = assemble(".prost 1\n" + text)
        // `more` is reached only from below, so its stack is taken to be empty.
        #expect(codes(result) == [.stackUnderflow])
        let legal = """
            export proc f(n) -> 1
              const 0
            more:
              local.get n  br_ifz done
              local.get n  add
              (n - 1)  local.set n
              br more
            done:
            end
            """
        #expect(try run(legal, 4) == 10)
        let table = """
            export proc f(n) -> 1
              local.get n  br_table [a, b] c
            a: return 10
            b: return 20
            c: return 30
            end
            """
        #expect(try run(table, 0) == 10)
        #expect(try run(table, 1) == 20)
        #expect(try run(table, 7) == 30)
    }

    @Test func `locals end with their block and their places are used again`() throws {
        let image = try image(
            """
            .prost 1
            export proc f(n) -> 1
              if n
                let a = 1
                let b = 2
                n += a + b
              else
                let a = 5
                n += a
              end
              let c
              return n + c
            end
            """
        )
        #expect(image.functions[0].localCount == 2)
        #expect(try Execution(image).call("f", 0) == .results([5]))
        #expect(try Execution(image).call("f", 1) == .results([4]))
    }

    @Test func `an upcall falls off its end with 0`() throws {
        let execution = try Execution(
            """
            .prost 1
            upcall timer(cookie, id)
              if cookie then return cookie end
            end
            """
        )
        #expect(try execution.call("timer", 0, 1) == .results([0]))
        #expect(try execution.call("timer", 6, 1) == .results([6]))
    }

    @Test func `compound assignment computes the address once`() throws {
        let text = """
            bss cells: u16[4]
            global calls = 0
            proc at_index() -> 1
              calls += 1
              return 2
            end
            export proc f() -> 1
              cells[2] = 40
              cells[at_index()] += 2
              return cells[2] * 10 + calls
            end
            """
        let fixed = text.replacing("at_index", with: "index")
        #expect(try run(fixed) == 421)
    }

    @Test func `every compound operator works`() throws {
        let text = """
            export proc f() -> 1
              let x = 100
              x += 5
              x -= 1
              x *= 3
              x /= 2
              x %= 100
              x <<= 2
              x |= 1
              x ^= 3
              x &= 0xFF
              x >>= 1
              x /u= 2
              x %u= 50
              x >>u= 1
              return x
            end
            """
        var x: Int64 = 100
        x = ((x + 5 - 1) * 3 / 2 % 100) << 2
        x = (((x | 1) ^ 3) & 0xFF) >> 1
        x = (x / 2 % 50) >> 1
        #expect(try run(text) == x)
    }
}
