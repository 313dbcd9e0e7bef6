internal import PeerletBytecode

/// A peerlet's memory: pages of 4 KiB, explicit bounds, a mark per page for undo and checkpoints.
///
/// Addresses are guest values: every access is checked in unsigned arithmetic that cannot overflow.
@safe
final class LinearMemory {
    private(set) var bytes: Bytes
    /// A byte for each page; a store to a page with `settled` has nothing more to record.
    private(set) var marks: UnsafeMutablePointer<UInt8>
    private(set) var pages = 0
    private var capacity = 0
    /// Most pages, current and future.
    var quota: Int

    private static let isRecorded: UInt8 = 1
    private static let isDirty: UInt8 = 2
    static let settled = isRecorded | isDirty

    private var isRecording = false
    private var pagesAtStart = 0
    private var undoLog: [UndoPage] = []

    @safe
    private struct UndoPage {
        let page: Int
        let copy: Bytes
        let mark: UInt8
    }

    private static let pageSize = BytecodeLimits.pageSize

    init(pages: Int, quota: Int) {
        self.quota = quota
        unsafe bytes = .allocate(byteCount: 0, alignment: 16)
        unsafe marks = .allocate(capacity: 0)
        _ = grow(pages)
        unsafe marks.update(repeating: 0, count: pages)
    }

    deinit {
        forgetUndo()
        unsafe bytes.deallocate()
        unsafe marks.deallocate()
    }

    var byteCount: UInt64 { UInt64(pages * Self.pageSize) }
    /// Copies held for undo: one for each first write since `beginUndo`.
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

    /// Adds zero pages; the old number of pages, nil if the quota forbids it.
    func grow(_ count: Int) -> Int? {
        let old = pages
        guard count >= 0, allows(growth: UInt64(count)) else { return nil }
        if old + count > capacity { reserve(old + count) }
        unsafe (bytes + old * Self.pageSize)
            .initializeMemory(as: UInt8.self, repeating: 0, count: count * Self.pageSize)
        unsafe (marks + old).initialize(repeating: Self.settled, count: count)
        pages = old + count
        return old
    }

    private func reserve(_ count: Int) {
        let room = min(quota, max(count, capacity * 2))
        let grown = Bytes.allocate(byteCount: room * Self.pageSize, alignment: 16)
        unsafe grown.copyMemory(from: bytes, byteCount: pages * Self.pageSize)
        unsafe bytes.deallocate()
        unsafe bytes = grown
        let grownMarks = UnsafeMutablePointer<UInt8>.allocate(capacity: room)
        unsafe grownMarks.moveInitialize(from: marks, count: pages)
        unsafe marks.deallocate()
        unsafe marks = grownMarks
        capacity = room
    }

    // MARK: Undo

    func beginUndo() {
        isRecording = true
        pagesAtStart = pages
    }

    /// Keeps what was written.
    func commit() {
        for undo in undoLog { unsafe marks[undo.page] &= ~Self.isRecorded }
        if pages > pagesAtStart {
            for page in pagesAtStart..<pages { unsafe marks[page] &= ~Self.isRecorded }
        }
        forgetUndo()
    }

    /// Back to the memory at `beginUndo`, marks included.
    func undo() {
        pages = min(pages, pagesAtStart)
        for undo in undoLog {
            unsafe (bytes + undo.page * Self.pageSize)
                .copyMemory(from: undo.copy, byteCount: Self.pageSize)
            unsafe marks[undo.page] = undo.mark
        }
        forgetUndo()
    }

    private func forgetUndo() {
        isRecording = false
        guard !undoLog.isEmpty else { return }
        for undo in undoLog { unsafe undo.copy.deallocate() }
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
            let copy = Bytes.allocate(byteCount: Self.pageSize, alignment: 16)
            unsafe copy.copyMemory(from: bytes + page * Self.pageSize, byteCount: Self.pageSize)
            unsafe undoLog.append(UndoPage(page: page, copy: copy, mark: mark))
            unsafe marks[page] |= Self.isRecorded
        }
        unsafe marks[page] |= Self.isDirty
    }
}
