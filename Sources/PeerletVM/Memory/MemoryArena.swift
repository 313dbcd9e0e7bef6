internal import Glibc
internal import PeerletBytecode
internal import Synchronization

/// The pages of all instances of this process: slots of a power of two of pages, which stay where
/// they are, and single pages for copies.
///
/// Slots are carved from mappings of 2 MiB, or are one if larger, and are used again: a mapping is
/// never made for an instance alone. A page of a slot that nobody touched takes no memory.
@safe
package final class MemoryArena: Sendable {
    package static let shared = MemoryArena()

    /// Zero bytes for one instance.
    @safe
    package struct Slot {
        package let bytes: UnsafeMutableRawPointer
        /// A power of two.
        package let pages: Int
        /// Its pages that took memory when it was taken, ascending.
        let resident: [Int]
    }

    /// Addresses, which unlike pointers may go from one thread to another.
    private struct Free {
        /// By the logarithm of their pages, with the pages that still take memory, ascending.
        var slots = [[(address: UInt, resident: [Int])]](repeating: [], count: 17)
        var copies: [UInt] = []
        /// Pages of memory that free slots hold.
        var resident = 0
    }

    private let free = Mutex(Free())

    /// Free pages that keep their memory, in slots and again for copies.
    private static let residentPages = 4096
    private static let mappingPages = 512
    /// A slot with more pages in memory gets new ones from the system.
    private static let zeroedPages = 16
    static let pageSize = BytecodeLimits.pageSize

    package init() {}

    // MARK: Slots

    private static func logarithm(_ pages: Int) -> Int {
        Int.bitWidth - max(0, pages - 1).leadingZeroBitCount
    }

    /// At least so many pages, up to 65,536; nil when the system has no more.
    package func takeSlot(pages: Int) -> Slot? {
        let size = Self.logarithm(pages)
        let slot = free.withLock { free -> (address: UInt, resident: [Int])? in
            if free.slots[size].isEmpty, !Self.refill(&free.slots[size], pages: 1 << size) {
                return nil
            }
            let slot = free.slots[size].removeLast()
            free.resident -= slot.resident.count
            return slot
        }
        guard let slot, let bytes = unsafe Bytes(bitPattern: slot.address) else { return nil }
        return unsafe Slot(bytes: bytes, pages: 1 << size, resident: slot.resident)
    }

    private static func refill(
        _ slots: inout [(address: UInt, resident: [Int])],
        pages: Int
    ) -> Bool {
        let count = max(1, mappingPages / pages)
        guard let start = unsafe map(pages: count * pages) else { return false }
        for index in (0..<count).reversed() {
            unsafe slots.append((UInt(bitPattern: start + index * pages * pageSize), []))
        }
        return true
    }

    /// Takes a slot back; `written` are its pages that may not be zero, ascending.
    package func giveSlot(_ slot: Slot, written: [Int]) {
        let resident = Self.union(slot.resident, written)
        let isKept =
            resident.count <= Self.zeroedPages
            && free.withLock { $0.resident + resident.count <= Self.residentPages }
        var left = resident
        if isKept {
            unsafe Self.clear(slot.bytes, written)
        } else if let first = resident.first, let last = resident.last {
            let isReleased = unsafe Self.release(slot.bytes, first...last)
            if isReleased { left = [] } else { unsafe Self.clear(slot.bytes, written) }
        }
        free.withLock {
            $0.resident += left.count
            $0.slots[Self.logarithm(slot.pages)].append((unsafe UInt(bitPattern: slot.bytes), left))
        }
    }

    private static func union(_ first: [Int], _ second: [Int]) -> [Int] {
        if first.isEmpty || first == second { return second }
        return Set(first).union(second).sorted()
    }

    private static func clear(_ bytes: Bytes, _ pages: [Int]) {
        for page in pages {
            unsafe (bytes + page * pageSize)
                .initializeMemory(as: UInt8.self, repeating: 0, count: pageSize)
        }
    }

    /// Makes pages zero again, by giving their memory back if the system takes it.
    static func zero(_ bytes: Bytes, _ pages: Range<Int>) {
        guard let last = pages.last else { return }
        if unsafe !release(bytes, pages.lowerBound...last) { unsafe clear(bytes, Array(pages)) }
    }

    /// Zero pages that take no memory; the mapping stays, whatever happens.
    private static func release(_ bytes: Bytes, _ pages: ClosedRange<Int>) -> Bool {
        unsafe madvise(
            bytes + pages.lowerBound * pageSize,
            pages.count * pageSize,
            MADV_DONTNEED
        ) == 0
    }

    private static func map(pages: Int) -> Bytes? {
        let flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE
        let start = unsafe mmap(nil, pages * pageSize, PROT_READ | PROT_WRITE, flags, -1, 0)
        return unsafe start == MAP_FAILED ? nil : start
    }

    // MARK: Copies

    /// Adds pages of any content; fewer, or none, when the system has no more.
    func takeCopies(_ count: Int, to copies: inout [UInt]) {
        free.withLock { free in
            if free.copies.count < count {
                var pages: [(address: UInt, resident: [Int])] = []
                _ = Self.refill(&pages, pages: 1)
                free.copies = pages.map(\.address) + free.copies
            }
            for _ in 0..<count {
                if let copy = free.copies.popLast() { copies.append(copy) }
            }
        }
    }

    /// The last ones given are the next ones taken, as they are in the caches.
    func giveCopies(_ copies: [UInt]) {
        guard !copies.isEmpty else { return }
        free.withLock {
            for copy in copies {
                let isKept = $0.copies.count < Self.residentPages
                if !isKept, let page = unsafe Bytes(bitPattern: copy) {
                    _ = unsafe Self.release(page, 0...0)
                }
                $0.copies.append(copy)
            }
        }
    }
}
