/// The pages that an activation wrote, as they were before.
@safe
struct UndoLog {
    private struct Entry {
        let page: Int
        let mark: UInt8
        /// Address of the copy; nil for a page that was zero.
        let copy: UInt?
    }

    private var entries: [Entry] = []
    /// Pages for copies still to be made.
    private var spare: [UInt] = []

    var count: Int { entries.count }

    /// Keeps what a page is now.
    mutating func record(_ page: Int, of bytes: Bytes, mark: UInt8, isZero: Bool) {
        if isZero { return entries.append(Entry(page: page, mark: mark, copy: nil)) }
        let copy = unsafe takeCopy()
        let size = MemoryArena.pageSize
        unsafe copy.copyMemory(from: bytes + page * size, byteCount: size)
        entries.append(Entry(page: page, mark: mark, copy: UInt(bitPattern: copy)))
    }

    private mutating func takeCopy() -> Bytes {
        if spare.isEmpty { MemoryArena.shared.takeCopies(min(16, count + 1), to: &spare) }
        let size = MemoryArena.pageSize
        return unsafe spare.popLast().flatMap { unsafe Bytes(bitPattern: $0) }
            ?? .allocate(byteCount: size, alignment: size)
    }

    /// The pages and what their marks were.
    var marks: some Sequence<(page: Int, mark: UInt8)> {
        entries.lazy.map { ($0.page, $0.mark) }
    }

    /// Puts the pages back.
    func restore(_ bytes: Bytes) {
        let size = MemoryArena.pageSize
        for entry in entries {
            let page = unsafe bytes + entry.page * size
            if let copy = unsafe entry.copy.flatMap({ unsafe Bytes(bitPattern: $0) }) {
                unsafe page.copyMemory(from: copy, byteCount: size)
            } else {
                unsafe page.initializeMemory(as: UInt8.self, repeating: 0, count: size)
            }
        }
    }

    mutating func removeAll() {
        guard !entries.isEmpty else { return }
        for entry in entries.reversed() {
            if let copy = entry.copy { spare.append(copy) }
        }
        MemoryArena.shared.giveCopies(spare)
        let isSmall = entries.count <= 64
        spare.removeAll(keepingCapacity: isSmall)
        entries.removeAll(keepingCapacity: isSmall)
    }
}
