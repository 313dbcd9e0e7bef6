internal import PeerletBytecode

/// A peerlet's memory: pages of 4 KiB, explicit bounds, a mark per page for undo and checkpoints.
///
/// Addresses are guest values: every access is checked in unsigned arithmetic that cannot overflow.
@safe
final class LinearMemory {
    /// A slot of the arena, or nothing while there are no pages.
    private(set) var bytes: Bytes
    /// A byte for each page; a store to a page with `settled` has nothing more to record.
    private(set) var marks: UnsafeMutablePointer<UInt8>
    private(set) var pages = 0
    private var slot: MemoryArena.Slot?
    private var markCapacity = 0
    /// Most pages, current and future.
    var quota: Int

    private static let isRecorded: UInt8 = 1
    private static let isDirty: UInt8 = 2
    /// Not known to be zero.
    private static let isUsed: UInt8 = 4
    static let settled = isRecorded | isDirty | isUsed

    private var isRecording = false
    private var pagesAtStart = 0
    private var undoLog = UndoLog()

    private static let pageSize = BytecodeLimits.pageSize

    /// Nil when the system has no memory for it.
    init?(pages: Int, quota: Int) {
        self.quota = quota
        unsafe marks = .allocate(capacity: 0)
        unsafe bytes = Bytes(marks)
        guard grow(pages) != nil else { return nil }
        unsafe marks.update(repeating: 0, count: pages)
    }

    deinit {
        undoLog.removeAll()
        if let slot { MemoryArena.shared.giveSlot(slot, written: used(0..<pages)) }
        unsafe marks.deallocate()
    }

    /// Pages that may not be zero.
    private func used(_ range: Range<Int>) -> [Int] {
        range.filter { unsafe marks[$0] & Self.isUsed != 0 }
    }

    var byteCount: UInt64 { UInt64(pages * Self.pageSize) }
    /// First writes to pages since `beginUndo`; each may hold a copy.
    var undoPages: Int { undoLog.count }
    /// Pages that the open activation wrote or added, ascending.
    var writtenPages: [UInt32] {
        (0..<pages).filter { unsafe marks[$0] & Self.isRecorded != 0 }.map { UInt32($0) }
    }

    func contains(_ address: UInt64, count: UInt64) -> Bool {
        address <= byteCount && count <= byteCount - address
    }

    // MARK: Bytes

    func read(_ address: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, contains(address, count: UInt64(count)) else { return nil }
        let start = unsafe bytes + Int(address)
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    func write(_ source: [UInt8], at address: UInt64) -> Bool {
        guard contains(address, count: UInt64(source.count)) else { return false }
        guard !source.isEmpty else { return true }
        mark(bytes: Int(address), source.count)
        unsafe source.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe (bytes + Int(address)).copyMemory(from: start, byteCount: source.count)
        }
        return true
    }

    func overwrite(
        _ address: UInt64,
        count: Int,
        _ body: (inout MutableRawSpan) -> Void
    ) -> Bool {
        guard count >= 0, contains(address, count: UInt64(count)) else { return false }
        if count > 0 { mark(bytes: Int(address), count) }
        let start = unsafe bytes + Int(address)
        var span = unsafe MutableRawSpan(_unsafeStart: start, byteCount: count)
        body(&span)
        return true
    }

    func copy(to target: UInt64, from source: UInt64, count: UInt64) -> Bool {
        guard contains(target, count: count), contains(source, count: count) else { return false }
        guard count > 0 else { return true }
        mark(bytes: Int(target), Int(count))
        let from = unsafe bytes + Int(source)
        unsafe (bytes + Int(target)).copyMemory(from: from, byteCount: Int(count))
        return true
    }

    func fill(_ target: UInt64, with byte: UInt8, count: UInt64) -> Bool {
        guard contains(target, count: count) else { return false }
        guard count > 0 else { return true }
        mark(bytes: Int(target), Int(count))
        unsafe (bytes + Int(target))
            .initializeMemory(as: UInt8.self, repeating: byte, count: Int(count))
        return true
    }

    /// Pages of so many bytes, all of them in memory, that the open activation has not written.
    func unwrittenPages(_ start: UInt64, count: UInt64) -> Int {
        guard count > 0, isRecording else { return 0 }
        return (Int(start) >> 12...Int(start + count - 1) >> 12).count {
            unsafe marks[$0] & Self.isRecorded == 0
        }
    }

    // MARK: Size

    func allows(growth: UInt64) -> Bool { growth <= UInt64(max(0, quota - pages)) }

    /// Adds zero pages; the old number of pages, nil if the quota or the system forbids it.
    func grow(_ count: Int) -> Int? {
        let old = pages
        guard count >= 0, allows(growth: UInt64(count)) else { return nil }
        guard old + count <= slot?.pages ?? 0 || reserve(old + count) else { return nil }
        if old + count > markCapacity { reserveMarks(old + count) }
        unsafe (marks + old).initialize(repeating: Self.settled, count: count)
        pages = old + count
        return old
    }

    /// A slot for all that the quota allows: it moves only if the quota was raised since.
    private func reserve(_ count: Int) -> Bool {
        guard let room = MemoryArena.shared.takeSlot(pages: max(count, quota)) else { return false }
        if let slot {
            let used = used(0..<pages)
            for page in used {
                let offset = page * Self.pageSize
                unsafe (room.bytes + offset)
                    .copyMemory(from: bytes + offset, byteCount: Self.pageSize)
            }
            MemoryArena.shared.giveSlot(slot, written: used)
        }
        unsafe bytes = room.bytes
        slot = room
        return true
    }

    private func reserveMarks(_ count: Int) {
        let room = max(count, markCapacity * 2)
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
        unsafe grown.moveInitialize(from: marks, count: pages)
        unsafe marks.deallocate()
        unsafe marks = grown
        markCapacity = room
    }

    // MARK: Undo

    func beginUndo() {
        isRecording = true
        pagesAtStart = pages
    }

    /// Keeps what was written.
    func commit() {
        if undoLog.count > 0 {
            for undo in undoLog.marks { unsafe marks[undo.page] &= ~Self.isRecorded }
        }
        if pages > pagesAtStart {
            for page in pagesAtStart..<pages { unsafe marks[page] &= ~Self.isRecorded }
        }
        forgetUndo()
    }

    /// Back to the memory at `beginUndo`, marks included.
    func undo() {
        if pages > pagesAtStart {
            unsafe MemoryArena.zero(bytes, pagesAtStart..<pages)
            pages = pagesAtStart
        }
        unsafe undoLog.restore(bytes)
        for undo in undoLog.marks { unsafe marks[undo.page] = undo.mark }
        forgetUndo()
    }

    private func forgetUndo() {
        isRecording = false
        undoLog.removeAll()
    }

    /// Pages written since the last call, in ascending order; for checkpoints between activations.
    func takeDirtyPages() -> [UInt32] {
        var dirty: [UInt32] = []
        for page in 0..<pages where unsafe marks[page] & Self.isDirty != 0 {
            dirty.append(UInt32(truncatingIfNeeded: page))
            unsafe marks[page] &= ~Self.isDirty
        }
        return dirty
    }

    /// Before so many bytes, all of them in memory, are written.
    func mark(bytes start: Int, _ count: Int) {
        for page in start >> 12...(start + count - 1) >> 12
        where unsafe marks[page] != Self.settled {
            mark(page)
        }
    }

    private func mark(_ page: Int) {
        let mark = unsafe marks[page]
        if isRecording, mark & Self.isRecorded == 0 {
            let isZero = mark & Self.isUsed == 0
            unsafe undoLog.record(page, of: bytes, mark: mark, isZero: isZero)
            unsafe marks[page] |= Self.isRecorded
        }
        unsafe marks[page] |= Self.isDirty | Self.isUsed
    }
}
