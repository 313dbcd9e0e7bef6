/// Every maximum of a program image (`Spec/isa/image.md` §3), checked before anything is allocated.
package enum BytecodeLimits {
    /// Largest encoded image, bytes.
    package static let image = 1 << 20
    package static let functions = 4096
    package static let parameters = 32
    package static let results = 16
    /// Parameters and locals of one function together.
    package static let locals = 1024
    /// Code of one function, bytes.
    package static let functionCode = 1 << 16
    /// Code of all functions together, bytes.
    package static let programCode = 1 << 19
    package static let imports = 64
    package static let exports = 256
    /// Names of imports and exports, bytes of UTF-8.
    package static let nameLength = 64
    package static let globals = 1024
    /// Entries of the function table.
    package static let table = 4096
    /// Size of a page of linear memory, bytes.
    package static let pageSize = 4096
    /// Pages of one linear memory (256 MiB).
    package static let memoryPages = 1 << 16
    package static let dataSegments = 1024
    /// Bytes of all data segments together.
    package static let dataBytes = 1 << 20
    /// Cells on the operand stack of one function.
    package static let stackHeight = 1024
    /// Targets of one `br_table`, the default not counted.
    package static let branchTargets = 1024
    /// Fuel of the longest block.
    package static let blockPrice: UInt32 = 4096

    /// Largest encoded debug information, bytes.
    package static let debugInfo = 16 << 20
    package static let sourceFiles = 4096
    /// Source paths and function names in debug information, bytes of UTF-8.
    package static let sourceNameLength = 1024
    /// Line entries of one function: no more than it has bytes of code.
    package static let lineEntries = functionCode
}
