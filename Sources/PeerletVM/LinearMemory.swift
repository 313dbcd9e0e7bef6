internal import PeerletBytecode

/// A peerlet's memory: pages of 4 KiB, explicit bounds, a mark per page for undo and checkpoints.
///
/// Addresses are guest values: every access is checked in unsigned arithmetic that cannot overflow.
@safe
final class LinearMemory {
    private var base: UnsafeMutableRawBufferPointer
    private(set) var byteCount: UInt64 = 0
    /// Most pages, current and future.
    var quota: Int

    /// Per page; a store to a page with `settled` has nothing more to record.
    private var marks: [UInt8] = []
    private static let isRecorded: UInt8 = 1
    private static let isDirty: UInt8 = 2
    private static let settled = isRecorded | isDirty

    private var isRecording = false
    private var pagesAtStart = 0
    private var undoLog: [UndoPage] = []

    private struct UndoPage {
        let page: Int
        let bytes: [UInt8]
        let mark: UInt8
    }

    init(pages: Int, quota: Int) {
        self.quota = quota
        unsafe base = .allocate(byteCount: 0, alignment: 16)
        _ = grow(pages)
        marks = Array(repeating: 0, count: pages)
    }

    deinit { unsafe base.deallocate() }

    var pages: Int { marks.count }
    /// Copies held for undo.
    var undoPages: Int { undoLog.count }

    // MARK: Bounds

    /// Position of `size` bytes at `address + offset`, nil unless all of them are in memory.
    @inline(__always)
    func locate(_ address: Int64, _ offset: Int64, size: UInt64) -> Int? {
        let start = UInt64(bitPattern: address)
        let end = start &+ UInt64(bitPattern: offset)
        guard end >= start, byteCount >= size, end <= byteCount &- size else { return nil }
        return Int(truncatingIfNeeded: end)
    }

    func contains(_ address: UInt64, count: UInt64) -> Bool {
        address <= byteCount && count <= byteCount - address
    }

    // MARK: Loads and stores

    @inline(__always)
    func load<T: FixedWidthInteger & BitwiseCopyable>(
        _: T.Type,
        _ address: Int64,
        _ offset: Int64
    ) -> T? {
        guard let position = locate(address, offset, size: UInt64(MemoryLayout<T>.size)) else {
            return nil
        }
        return unsafe T(littleEndian: base.loadUnaligned(fromByteOffset: position, as: T.self))
    }

    /// False if the address is outside.
    @inline(__always)
    func store<T: FixedWidthInteger & BitwiseCopyable>(
        _ value: T,
        _ address: Int64,
        _ offset: Int64
    ) -> Bool {
        let size = MemoryLayout<T>.size
        guard let position = locate(address, offset, size: UInt64(size)) else { return false }
        let first = position >> 12
        let last = (position &+ size &- 1) >> 12
        if marks[first] != Self.settled { mark(first) }
        if last != first, marks[last] != Self.settled { mark(last) }
        unsafe base.storeBytes(of: value.littleEndian, toByteOffset: position, as: T.self)
        return true
    }

    func read(_ address: UInt64, count: Int) -> [UInt8]? {
        guard count >= 0, contains(address, count: UInt64(count)) else { return nil }
        let start = Int(address)
        return unsafe Array(base[start..<start + count])
    }

    func write(_ bytes: [UInt8], at address: UInt64) -> Bool {
        guard contains(address, count: UInt64(bytes.count)) else { return false }
        guard !bytes.isEmpty else { return true }
        let start = Int(address)
        mark(bytes: start..<start + bytes.count)
        unsafe UnsafeMutableRawBufferPointer(rebasing: base[start..<start + bytes.count])
            .copyBytes(from: bytes)
        return true
    }

    func copy(to target: UInt64, from source: UInt64, count: UInt64) -> Bool {
        guard contains(target, count: count), contains(source, count: count) else { return false }
        guard count > 0 else { return true }
        let range = Int(target)..<Int(target + count)
        mark(bytes: range)
        unsafe UnsafeMutableRawBufferPointer(rebasing: base[range]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: base[Int(source)..<Int(source + count)])
        )
        return true
    }

    func fill(_ target: UInt64, with byte: UInt8, count: UInt64) -> Bool {
        guard contains(target, count: count) else { return false }
        guard count > 0 else { return true }
        let range = Int(target)..<Int(target + count)
        mark(bytes: range)
        clear(range, to: byte)
        return true
    }

    private func clear(_ range: Range<Int>, to byte: UInt8) {
        unsafe UnsafeMutableRawBufferPointer(rebasing: base[range])
            .initializeMemory(as: UInt8.self, repeating: byte)
    }

    // MARK: Size

    func allows(growth: UInt64) -> Bool { growth <= UInt64(max(0, quota - pages)) }

    /// Adds zero pages; the old number of pages, nil if the quota forbids it.
    func grow(_ count: Int) -> Int? {
        let old = pages
        guard count >= 0, allows(growth: UInt64(count)) else { return nil }
        let size = (old + count) * BytecodeLimits.pageSize
        if unsafe size > base.count {
            let capacity = unsafe min(quota * BytecodeLimits.pageSize, max(size, base.count * 2))
            let grown = UnsafeMutableRawBufferPointer.allocate(
                byteCount: capacity,
                alignment: 16
            )
            unsafe grown.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: base[0..<Int(byteCount)])
            )
            unsafe base.deallocate()
            unsafe base = grown
        }
        clear(Int(byteCount)..<size, to: 0)
        byteCount = UInt64(size)
        marks.append(contentsOf: repeatElement(Self.settled, count: count))
        return old
    }

    // MARK: Undo

    func beginUndo() {
        isRecording = true
        pagesAtStart = pages
    }

    /// Keeps what was written.
    func commit() {
        for undo in undoLog { marks[undo.page] &= ~Self.isRecorded }
        for page in min(pagesAtStart, pages)..<pages { marks[page] &= ~Self.isRecorded }
        undoLog.removeAll()
        isRecording = false
    }

    /// Back to the memory at `beginUndo`, marks included.
    func undo() {
        marks.removeLast(max(0, pages - pagesAtStart))
        byteCount = UInt64(pages * BytecodeLimits.pageSize)
        for undo in undoLog {
            let start = undo.page * BytecodeLimits.pageSize
            unsafe UnsafeMutableRawBufferPointer(
                rebasing: base[start..<start + BytecodeLimits.pageSize]
            ).copyBytes(from: undo.bytes)
            marks[undo.page] = undo.mark
        }
        undoLog.removeAll()
        isRecording = false
    }

    /// Pages written since the last call, in ascending order; for checkpoints between activations.
    func takeDirtyPages() -> [UInt32] {
        var dirty: [UInt32] = []
        for page in marks.indices where marks[page] & Self.isDirty != 0 {
            dirty.append(UInt32(truncatingIfNeeded: page))
            marks[page] &= ~Self.isDirty
        }
        return dirty
    }

    private func mark(bytes: Range<Int>) {
        for page in bytes.lowerBound >> 12...(bytes.upperBound - 1) >> 12
        where marks[page] != Self.settled {
            mark(page)
        }
    }

    @inline(never)
    private func mark(_ page: Int) {
        if isRecording, marks[page] & Self.isRecorded == 0 {
            let start = page * BytecodeLimits.pageSize
            let bytes = unsafe Array(base[start..<start + BytecodeLimits.pageSize])
            undoLog.append(UndoPage(page: page, bytes: bytes, mark: marks[page]))
            marks[page] |= Self.isRecorded
        }
        marks[page] |= Self.isDirty
    }
}
