internal import PeerletAssembler
internal import PeerletBytecode
internal import Testing

@Suite struct ProgramTests {
    @Test func `the example of the specification assembles`() throws {
        let text = """
            .prost 1
            .name "counter"
            .version "1.0.0"
            .type end-node
            .store consistent
            .limit fuel_per_upcall 20_000

            include "abi.inc"
            import kbr.reply, st.get, st.put

            data key: "count"
            bss value: Count
            struct Count { total: u64 }

            proc current() -> 1                       ; value of the counter, 0 if never set
              if st.get(span(key), 0, value, sizeof(Count), 0) < sizeof(Count) then return 0 end
              return value.total
            end

            upcall client(ev: Event)
              value.total = current() + 1
              let status = st.put(span(key), value, sizeof(Count), 0, 0, 0)
              kbr.reply(ev.reply, status, value, sizeof(Count), 0)
            end
            """
        let abi = SourceFile(
            path: "abi.inc",
            text: "struct Event { at 320, reply: bytes[80], at 416, payload: bytes[0] }"
        )
        let image = try image(text, files: [abi])
        #expect(image.imports.map(\.name) == ["kbr.reply", "st.get", "st.put"])
        #expect(image.exports == [.init(name: "client", function: 1)])
        #expect(
            try instructions(image) == [
                "const 16", "const 5", "const 0", "const 24", "const 8", "const 0", "host 1",
                "const 8", "lt_s", "br_ifz 22", "const 0", "return", "const 24", "load64 0",
                "return",
            ]
        )
    }

    @Test func `stack instructions and expressions mix`() throws {
        let image = try image(
            """
            .prost 1
            export proc f(a, b) -> 1
              local.get a  const 4  add  (b * 2)  sub  local.set a
              while a > 0
                a -= 1
                if a == 7 && b != 3 || a == 9 then break end
              end
              switch a
              case 1, 2
                return 5
              case 3
                b = 1
              case 9
                trap 4
              default
                b = a > b ? a : b
              end
              for i in 0..b do a += i end
              return a
            end
            """
        )
        #expect(image.functions[0].localCount == 2)
        #expect(try instructions(image).first == "local.get 0")
    }
}
