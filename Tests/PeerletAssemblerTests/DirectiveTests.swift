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
        #expect(manifest.notBefore == 86_400)
        #expect(manifest.expires == 951_868_800)
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
