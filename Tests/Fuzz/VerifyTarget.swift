/// libFuzzer: any bytes are decoded and verified, or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func verifyOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    _ = ProgramCheck.verified(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
