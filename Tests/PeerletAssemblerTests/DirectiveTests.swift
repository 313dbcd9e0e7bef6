internal import PeerletAssembler
internal import PeerletBytecode
internal import Testing

@Suite struct DirectiveTests {
    @Test func `directives reach the manifest`() throws {
        let result = assemble(
            """
            .prost 1
            .name "kv-2"
            .version "1.2.3"
            .type per-hop
            .instance keyed
            .store consistent
            .replicas 5
            .limit fuel_per_upcall 1_000
            .limit mailbox 7
            .not_before "1970-01-02"
            .expires "2000-03-01"
            """
        )
        #expect(result.diagnostics.isEmpty)
        let manifest = result.manifest
        #expect(manifest.name == "kv-2")
        #expect(manifest.version == 1 << 32 | 2 << 16 | 3)
        #expect(manifest.applicationType == .perHop)
        #expect(manifest.instanceClass == .keyed)
        #expect(manifest.storeClass == .consistent)
        #expect(manifest.replicaCount == 5)
        #expect(manifest.fuelPerUpcall == 1000)
        #expect(manifest.mailbox == 7)
        #expect(manifest.storeBytes == 1 << 20)
        #expect(manifest.notBefore == 86_400_000)
        #expect(manifest.expires == 951_868_800_000)
    }

    @Test func `numbers of a manifest have 64 bits and times have milliseconds`() throws {
        let manifest = assemble(
            """
            .prost 1
            .version 0xFFFF_FFFF_FFFF_FFFF
            .limit fuel_per_second 0xFFFF_FFFF_FFFF_FFFE
            .limit store_bytes 1 << 63
            .limit memory_pages 0xFFFF_FFFF
            .pages 0, 65536
            .not_before "2027-01-31T12:00:00.250Z"
            .expires 0xFFFF_FFFF_FFFF_FFFF ms
            """
        ).manifest
        #expect(manifest.version == .max)
        #expect(manifest.fuelPerSecond == UInt64.max - 1)
        #expect(manifest.storeBytes == 1 << 63)
        #expect(manifest.memoryPages == .max)
        #expect(manifest.notBefore == 1_801_396_800_250)
        #expect(manifest.expires == .max)
    }

    @Test(arguments: [
        ("\"2000-02-29\"", 951_782_400_000), ("\"1970-01-01T00:00:00.001Z\"", 1),
        ("\"9999-12-31T23:59:59.999Z\"", 253_402_300_799_999), ("7", 7000), ("7 ms", 7),
    ])
    func `a time is seconds, milliseconds or a date`(text: String, time: UInt64) {
        #expect(assemble(".prost 1\n.expires \(text)").manifest.expires == time)
    }

    @Test(arguments: [
        "1900-02-29", "2001-02-29", "2001-13-01", "2001-00-01", "2001-1-1", "2001-01-32",
        "1970-01-01",
        "2001-01-01T24:00:00Z", "2001-01-01T00:60:00Z", "2001-01-01T00:00:00", "2001-01-01Z", "",
        "2001-01-01T00:00:00.5Z", "2001-01-01T00:00Z", "2001-01-01 00:00:00Z", "+001-01-01",
    ])
    func `a wrong date is an error`(text: String) {
        let result = assemble(".prost 1\n.expires \"\(text)\"")
        #expect(codes(result) == [.badDirectiveValue], "\(render(result))")
    }

    @Test func `seconds that are too many milliseconds are an error`() {
        let limit = UInt64.max / 1000
        #expect(assemble(".prost 1\n.expires \(limit)").manifest.expires == limit * 1000)
        #expect(codes(assemble(".prost 1\n.expires \(limit + 1)")) == [.outOfRange])
    }

    @Test(arguments: [("0", false), ("1", true), ("16", true), ("17", false), ("99", false)])
    func `a replica set has 1 to 16 members`(count: String, isRight: Bool) {
        let result = assemble(".prost 1\n.replicas \(count)")
        #expect(result.hasErrors != isRight)
        if !isRight {
            #expect(render(result).contains("replica count is \(count), allowed are 1 ... 16"))
        }
    }

    @Test func `every instruction can be written`() throws {
        for row in OpcodeTable.rows {
            let operand =
                switch row.operand {
                case .none, .offset: ""
                case .trapCode, .constant: "1"
                case .local: "p"
                case .global: "g"
                case .function: "callee"
                case .hostImport: "env.stat"
                case .target: "there"
                case .targets: "[there] there"
                case .signature: "0 0"
                }
            let text = """
                .prost 1
                import env.stat
                global g = 0
                proc callee()
                  env.stat(0, 0, 0)
                end
                proc f(p)
                  const 1 const 2 const 3 const 4
                  \(row.mnemonic) \(operand)
                  \(row.opcode == .br || row.opcode == .brTable ? "there:" : "nop")
                  \(row.opcode == .brIf || row.opcode == .brIfZero ? "there:" : "nop")
                  trap 1
                end
                """
            let result = assemble(text)
            let found = codes(result).filter { $0 != .unreachable && $0 != .resultCount }
            #expect(found.isEmpty, "\(row.mnemonic): \(render(result))")
        }
    }
}
