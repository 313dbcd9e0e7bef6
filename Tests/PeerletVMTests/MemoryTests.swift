import Foundation
import PeerletBytecode
import PeerletVM
import Testing

/// Memory that instances take, one after the other, from the same slots.
@Suite struct MemoryTests {
    /// Grows by `a` pages, sums up all words of memory, then writes a byte to each page.
    private static func filler(pages: UInt32, growth: UInt32) -> ProgramImage {
        var image = ProgramImage.main(
            parameters: 1,
            results: 1,
            locals: 2,
            pages: pages,
            maximumPages: pages + growth
        ) {
            let sum = $0.label()
            let write = $0.label()
            $0.add(.localGet, .index(0))
            $0.add(.memoryGrow)
            $0.add(.drop)
            for (start, stride) in [(sum, Int64(8)), (write, 4096)] {
                $0.add(.memorySize)
                $0.const(12)
                $0.add(.shl)
                $0.add(.localSet, .index(1))
                $0.mark(start)
                $0.add(.localGet, .index(1))
                $0.const(stride)
                $0.add(.sub)
                $0.add(.localSet, .index(1))
                if stride == 8 {
                    $0.add(.localGet, .index(1))
                    $0.add(.load64, .offset(0))
                    $0.add(.localGet, .index(2))
                    $0.add(.or)
                    $0.add(.localSet, .index(2))
                } else {
                    $0.add(.localGet, .index(1))
                    $0.const(-1)
                    $0.add(.store8, .offset(77))
                }
                $0.add(.localGet, .index(1))
                $0.branch(.brIf, start)
            }
            $0.add(.localGet, .index(2))
            $0.add(.ret)
        }
        image.data = [.init(address: 0, bytes: [5])]
        return image
    }

    @Test(arguments: [(1, 0), (1, 3), (16, 0), (17, 15), (64, 600)] as [(UInt32, UInt32)])
    func `a new instance sees its image and zeros, whatever the last one wrote`(
        pages: UInt32,
        growth: UInt32
    ) throws {
        let program = try Verifier.verify(Self.filler(pages: pages, growth: growth))
        let entry = try #require(program.entryPoint(named: "main"))
        for round in 0..<4 {
            let machine = try Machine(program: program, limits: MachineLimits(memoryPages: 1000))
            try machine.start(entry, arguments: [Int64(growth)])
            machine.addFuel(.max)
            #expect(machine.run() == .finished(results: [5]))
            if round % 2 == 0 {
                // Undone, growth and all, it can be run again.
                machine.undoActivation()
                #expect(machine.memoryPages == pages)
                try machine.start(entry, arguments: [Int64(growth)])
                #expect(machine.run() == .finished(results: [5]))
            }
            machine.commitActivation()
            #expect(machine.load(UInt64(pages + growth) * 4096 - 4096 + 77, count: 1) == [255])
        }
    }

    @Test func `a quota raised beyond the slot keeps what is there`() throws {
        let program = try Verifier.verify(Self.filler(pages: 3, growth: 100))
        let entry = try #require(program.entryPoint(named: "main"))
        let machine = try Machine(program: program, limits: MachineLimits(memoryPages: 4))
        try machine.start(entry, arguments: [0])
        machine.addFuel(.max)
        #expect(machine.run() == .finished(results: [5]))
        machine.commitActivation()
        let before = machine.load(0, count: 3 * 4096)
        machine.setMemoryQuota(pages: 103)
        try machine.start(entry, arguments: [100])
        guard case .finished(let results) = machine.run() else { throw ProgramImage.MissingEntry() }
        #expect(results != [5])
        machine.undoActivation()
        #expect(machine.load(0, count: 3 * 4096) == before)
    }

    /// Pages of a slot that are in memory, by the system's word.
    private static func inMemory(_ slot: MemoryArena.Slot) -> Int {
        var states = [UInt8](repeating: 0, count: slot.pages)
        guard unsafe mincore(slot.bytes, slot.pages * 4096, &states) == 0 else { return -1 }
        return states.count { $0 & 1 == 1 }
    }

    @Test(arguments: [1, 16, 64, 512])
    func `a free slot holds at most sixteen pages, whichever its tenants wrote`(pages: Int) throws {
        let arena = MemoryArena()
        var places = Set<UInt>()
        var most = 0
        for tenant in 0..<40 {
            let slot = try #require(arena.takeSlot(pages: pages))
            unsafe places.insert(UInt(bitPattern: slot.bytes))
            most = max(most, Self.inMemory(slot))
            let bytes = unsafe UnsafeRawBufferPointer(start: slot.bytes, count: pages * 4096)
            let stride = max(1, pages / 8)
            let written = (0..<pages).filter { $0 % stride == tenant % stride }
            let areZero = written.allSatisfy { unsafe bytes[$0 * 4096 + 9] == 0 }
            #expect(areZero)
            for page in written {
                unsafe slot.bytes.storeBytes(of: 1, toByteOffset: page * 4096 + 9, as: UInt8.self)
            }
            arena.giveSlot(slot, written: written)
        }
        // It is the same slot all the time.
        #expect(places.count == 1)
        #expect((1...16).contains(most), "\(most) pages")
    }
}
