import PeerletBytecode
import PeerletVM
import Testing
import Wire

/// What fuzzing has found useful (`Scripts/fuzz.sh`), again in every test run.
@Suite struct CorpusTests {
    @Test func `programs of the corpus run alike in one go and in pieces, and are undone`() throws {
        var count = 0
        var verified = 0
        for line in try RepositoryFile(path: "Tests/Fuzz/corpus.txt").read().split(separator: "\n")
        {
            let bytes = try #require(Hexadecimal.bytes(line))
            count += 1
            if ProgramCheck.verified(bytes) != nil { verified += 1 }
            #expect(ProgramCheck.isExact(bytes), "\(line.prefix(80))")
        }
        #expect(count > 200 && verified > 20, "\(verified) of \(count)")
    }

    /// A test takes one cell: its zero must not be written to the next, which may not exist.
    @Test(arguments: [Opcode.eqz, .eqz32, .brIf, .brIfZero])
    func `a test of a constant stays within the frame`(test: Opcode) throws {
        for value in [Int64(0), 7, 1 << 40, .min] {
            let image = ProgramImage.main(results: 1) {
                let end = $0.label()
                if test == .brIf || test == .brIfZero {
                    $0.const(value)
                    $0.branch(test, end)
                    $0.const(0)
                    $0.add(.ret)
                    $0.mark(end)
                    $0.const(1)
                } else {
                    $0.const(value)
                    $0.add(test)
                }
                $0.add(.ret)
            }
            // Refused if the translator needs a cell beyond the greatest height.
            let machine = try image.machine(
                limits: MachineLimits(memoryPages: 0, stackCells: 1),
                fuel: 100
            )
            let isZero = test == .eqz32 ? value & 0xFFFF_FFFF == 0 : value == 0
            let isTrue = test == .brIf ? !isZero : isZero
            #expect(machine.run() == .finished(results: [isTrue ? 1 : 0]), "\(test) \(value)")
        }
    }
}
