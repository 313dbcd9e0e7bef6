/// libFuzzer: what verifies runs alike in one go and in pieces, and is undone.
@_cdecl("LLVMFuzzerTestOneInput")
public func runOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: bytes, count: count))
    guard ProgramCheck.isExact(input) else { fatalError("pieces differ") }
    return 0
}
