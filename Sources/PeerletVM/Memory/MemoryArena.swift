internal import Glibc
internal import PeerletBytecode
internal import Synchronization

/// The pages of all instances of this process: slots of a power of two of pages, which stay where
/// they are, and single pages for copies.
///
/// Slots are carved from mappings of 2 MiB, or are one if larger, and are used again: a mapping is
/// never made for an instance alone. A page of a slot that nobody touched takes no memory.
@safe
final class MemoryArena: Sendable {
    static let shared = MemoryArena()

    /// Addresses, which unlike pointers may go from one thread to another.
    private struct Free {
        /// By the logarithm of their pages, with the pages that still take memory.
        var slots = [[(address: UInt, resident: Int)]](repeating: [], count: 17)
        var copies: [UInt] = []
        /// Pages of memory that free slots hold.
        var resident = 0
    }

    private let free = Mutex(Free())

    /// Free pages that keep their memory, in slots and again for copies.
    private static let residentPages = 4096
    private static let mappingPages = 512
    /// A slot with more pages to be zeroed gets new ones from the system.
    private static let zeroedPages = 16
    static let pageSize = BytecodeLimits.pageSize

    // MARK: Slots

    /// A power of two of pages.
    static func slotPages(_ pages: Int) -> Int { 1 << logarithm(pages) }

    private static func logarithm(_ pages: Int) -> Int {
        Int.bitWidth - max(0, pages - 1).leadingZeroBitCount
    }

    /// Zero bytes; nil when the system has no more.
    func takeSlot(pages: Int) -> Bytes? {
        let size = Self.logarithm(pages)
        let address = free.withLock { free -> UInt? in
            if free.slots[size].isEmpty, !Self.refill(&free.slots[size], pages: 1 << size) {
                return nil
            }
            let slot = free.slots[size].removeLast()
            free.resident -= slot.resident
            return slot.address
        }
        return unsafe address.flatMap { unsafe Bytes(bitPattern: $0) }
    }

    private static func refill(
        _ slots: inout [(address: UInt, resident: Int)],
        pages: Int
    ) -> Bool {
        let count = max(1, mappingPages / pages)
        guard let start = unsafe map(nil, pages: count * pages) else { return false }
        for index in (0..<count).reversed() {
            unsafe slots.append((UInt(bitPattern: start + index * pages * pageSize), 0))
        }
        return true
    }

    /// Takes a slot back; `written` are its pages that may not be zero, ascending.
    func giveSlot(_ bytes: Bytes, pages: Int, written: [Int]) {
        let size = Self.logarithm(pages)
        let address = UInt(bitPattern: bytes)
        let isKept = free.withLock { $0.resident + written.count <= Self.residentPages }
        let isZeroed = unsafe Self.zero(bytes, written, isKept: isKept)
        free.withLock {
            let resident = isZeroed ? written.count : 0
            $0.resident += resident
            $0.slots[size].append((address, resident))
        }
    }

    /// Makes pages zero again; true if they still take memory.
    @discardableResult
    static func zero(_ bytes: Bytes, _ written: [Int], isKept: Bool = true) -> Bool {
        guard let first = written.first, let last = written.last else { return true }
        let isSmall = isKept && written.count <= zeroedPages
        let mapped =
            unsafe isSmall ? nil : map(bytes + first * pageSize, pages: last - first + 1)
        if unsafe mapped == nil {
            for page in written {
                unsafe (bytes + page * pageSize)
                    .initializeMemory(as: UInt8.self, repeating: 0, count: pageSize)
            }
            return true
        }
        return false
    }

    /// New zero pages, in the place of others if one is given.
    private static func map(_ place: Bytes?, pages: Int) -> Bytes? {
        let flags = MAP_PRIVATE | MAP_ANON | MAP_NORESERVE | (unsafe place == nil ? 0 : MAP_FIXED)
        let start = unsafe mmap(place, pages * pageSize, PROT_READ | PROT_WRITE, flags, -1, 0)
        return unsafe start == MAP_FAILED ? nil : start
    }

    // MARK: Copies

    /// Pages of any content; fewer, or none, when the system has no more.
    func takeCopies(_ count: Int) -> [UInt] {
        free.withLock { free in
            if free.copies.count < count {
                var pages: [(address: UInt, resident: Int)] = []
                _ = Self.refill(&pages, pages: 1)
                free.copies = pages.map(\.address) + free.copies
            }
            let taken = Array(free.copies.suffix(count))
            free.copies.removeLast(taken.count)
            return taken
        }
    }

    /// The last ones given are the next ones taken, as they are in the caches.
    func giveCopies(_ copies: [UInt]) {
        free.withLock {
            for copy in copies {
                let isKept = $0.copies.count < Self.residentPages
                if !isKept, let page = unsafe Bytes(bitPattern: copy) {
                    _ = unsafe Self.map(page, pages: 1)
                }
                $0.copies.append(copy)
            }
        }
    }
}
