internal import Cryptography
internal import PeerletAssembler
internal import PeerletBytecode
internal import Testing

@Suite struct MemoryTests {
    @Test func `segments stand in the image as they are, after the data`() throws {
        let image = try image(
            """
            .prost 1
            .segment 20: "over", u16 7
            .segment 4096:
            data first: 1, 2
            .segment 0: first, zero 1
            bss room[8]
            """
        )
        #expect(
            image.data == [
                .init(address: 16, bytes: [1, 2]),
                .init(address: 20, bytes: Array("over".utf8) + [7, 0]),
                .init(address: 4096, bytes: []), .init(address: 0, bytes: [16, 0]),
            ]
        )
        #expect(image.memory.initialPages == 1)
        #expect(image.memory.maximumPages == 64)
    }

    static let structs = """
        struct Inner { low: u16, high: i16 }
        struct Outer {
          kind: u8, _: u8[3]
          size: i32
          key: bytes[32]
          inner: Inner
          slots: u32[4]
          pair: Inner[2]
          at 8, alias: u64
          at 100
        }

        """

    @Test func `fields have their offsets and sizes`() throws {
        let image = try image(
            """
            .prost 1
            \(Self.structs)
            assert Outer.kind == 0 && Outer.size == 4 && Outer.key == 8 && Outer.inner == 40
            assert Outer.inner.high == 42 && Outer.slots == 44 && Outer.pair == 60
            assert Outer.alias == 8 && sizeof(Outer) == 100 && sizeof(Outer.key) == 32
            assert sizeof(Outer.slots) == 16 && sizeof(bytes[7]) == 7 && sizeof(Inner[3]) == 12
            """
        )
        #expect(image.functions.isEmpty)
    }

    @Test func `field access has the field's width and sign`() throws {
        let execution = try Execution(
            """
            .prost 1
            \(Self.structs)
            bss one: Outer
            bss many: Outer[3]
            export proc f() -> 1
              one.kind = 0x1FF
              one.size = -2
              one.inner.high = 0xFFFF
              one.slots[3] = 7
              one.pair[1].low = 0x1_0002
              let p = many[2]
              p.size = 5
              let k = 1
              many[k].slots[k + 1] = 9
              one.alias = 0x0102_0304_0506_0708
              if one.kind != 0xFF then return 1 end
              if one.size != -2 then return 2 end
              if one.inner.high != -1 then return 3 end
              if load32_u(one + Outer.slots + 12) != 7 then return 4 end
              if load16_u(one, Outer.pair + sizeof(Inner)) != 2 then return 5 end
              if Outer(many + 200).size != 5 then return 6 end
              if many[1].slots[2] != 9 then return 7 end
              if one.key[0] != 8 || u8[](one.key)[7] != 1 then return 8 end
              if one.pair != one + 60 then return 9 end
              return 0
            end
            proc typed(p: Outer, q: u16[], r: Outer[], g: bytes[32][]) -> 1
              return p.size + q[1] + r[2].size + (g[1] - g)
            end
            export proc pointers() -> 1
              u16[](many)[1] = 3
              many[2].size = 100
              return typed(many[2], many, many, 0)
            end
            """
        )
        #expect(try execution.call("f") == .results([0]))
        #expect(try execution.call("pointers") == .results([100 + 3 + 100 + 32]))
    }

    @Test func `data have their bytes, places and sizes`() throws {
        let image = try image(
            """
            .prost 1
            data first: "hi", 0, u16 0x1234, -1, u8 'x', zero 2, hex "DE AD_be ef"
            data second align 64: u64 second, id "name"
            data fixed at 4096: 1,
              2,
              3
            bss room[10]
            inbox 100 at 8192
            const SIZE = sizeof(first)
            export proc f() -> 1
              return SIZE * 1_000_000 + second
            end
            export proc places() -> 2
              return room, heap_start
            end
            """
        )
        let bytes = [0x68, 0x69, 0, 0x34, 0x12, 0xFF, 0xFF, 0x78, 0, 0, 0xDE, 0xAD, 0xBE, 0xEF]
        let second = [64, 0, 0, 0, 0, 0, 0, 0] + SHA256.digest(Array("name".utf8))
        #expect(
            image.data == [
                .init(address: 16, bytes: bytes.map { UInt8($0) }),
                .init(address: 64, bytes: second.map { UInt8($0) }),
                .init(address: 4096, bytes: [1, 2, 3]),
            ]
        )
        #expect(image.memory.inboxAddress == 8192)
        #expect(image.memory.inboxCapacity == 100)
        #expect(image.memory.initialPages == 3)
        let execution = try Execution(image)
        #expect(try execution.call("f") == .results([14_000_064]))
        #expect(try execution.call("places") == .results([104, 8296]))
    }

    @Test func `strings are stored once and given as spans`() throws {
        let execution = try Execution(
            """
            .prost 1
            data greeting: "hello"
            proc sum(p, n) -> 1
              let s = n * 1000
              for i in 0..n do s += load8_u(p + i) end
              return s
            end
            export proc f() -> 1
              if "abc" != "abc" then return 0 end
              return sum(span("abc")) * 100_000 + sum(span(greeting)) + sizeof("xyz!")
            end
            export proc name() -> 1
              return load8_u(id "name")
            end
            """
        )
        let abc: Int64 = 3000 + 97 + 98 + 99
        let hello: Int64 = 5000 + 532
        #expect(try execution.call("f") == .results([abc * 100_000 + hello + 4]))
        let digest = SHA256.digest(Array("name".utf8))
        #expect(try execution.call("name") == .results([Int64(digest[0])]))
    }

    @Test func `what overlaps or does not fit is an error`() {
        #expect(
            codes(assemble(".prost 1\ndata a at 16: zero 8\ndata b at 20: 1")) == [.layout]
        )
        #expect(codes(assemble(".prost 1\n.limit memory_pages 1\nbss a[5000]")) == [.layout])
        #expect(codes(assemble(".prost 1\ndata a: 256")) == [.outOfRange])
        #expect(codes(assemble(".prost 1\n.pages 2, 1")) == [.layout])
        #expect(codes(assemble(".prost 1\n.limit memory_pages 65537")) == [.outOfRange])
        #expect(assemble(".prost 1\n.limit memory_pages 65537\n.pages 0, 9").image != nil)
        #expect(codes(assemble(".prost 1\n.pages 0, 1\n.segment 4095: 1, 2")) == [.layout])
        #expect(codes(assemble(".prost 1\n.segment 4096")) == [.unexpected])
        #expect(
            codes(
                assemble(
                    ".prost 1\ninclude \"a\"",
                    files: [.init(path: "a", text: ".segment 0: 1")]
                )
            ) == [.misplaced]
        )
        #expect(codes(assemble(".prost 1\ndata a align 3: 1")) == [.outOfRange])
        #expect(codes(assemble(".prost 1\nstruct S { a: u8 }\ndata a: S = 1, 2")) == [.layout])
        #expect(codes(assemble(".prost 1\nbss a[heap_start]")).first == .layout)
    }

    @Test func `free room goes around what is at fixed places`() throws {
        let image = try image(
            """
            .prost 1
            data fixed at 24: zero 100
            data small: u64 1
            data large: zero 40
            export proc f() -> 2
              return small, large
            end
            """
        )
        #expect(try Execution(image).call("f") == .results([16, 128]))
    }
}
