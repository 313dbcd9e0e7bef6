/// A peerlet's program as data, as assembled and carried by packages (`Spec/isa/image.md`).
///
/// Holding one proves nothing; only `VerifiedProgram` can be run.
package struct ProgramImage: Hashable, Sendable {
    package var functions: [FunctionBody] = []
    package var imports: [HostImport] = []
    package var exports: [Export] = []
    /// Initial values of the globals.
    package var globals: [Int64] = []
    /// Function indices that `call_indirect` selects from.
    package var table: [UInt32] = []
    package var memory = MemoryLayout()
    package var data: [DataSegment] = []

    package init() {}

    package struct FunctionBody: Hashable, Sendable {
        package var parameterCount: UInt8
        package var resultCount: UInt8
        /// Locals beside the parameters, zero on entry; local indices count parameters first.
        package var localCount: UInt16
        package var code: [UInt8]

        package init(parameterCount: UInt8, resultCount: UInt8, localCount: UInt16, code: [UInt8]) {
            self.parameterCount = parameterCount
            self.resultCount = resultCount
            self.localCount = localCount
            self.code = code
        }
    }

    /// A host function by name; the list of imports is the list of capabilities.
    package struct HostImport: Hashable, Sendable {
        package var name: String
        package var parameterCount: UInt8

        package init(name: String, parameterCount: UInt8) {
            self.name = name
            self.parameterCount = parameterCount
        }
    }

    /// A function that the host (an upcall) or a tool may call by name.
    package struct Export: Hashable, Sendable {
        package var name: String
        package var function: UInt32

        package init(name: String, function: UInt32) {
            self.name = name
            self.function = function
        }
    }

    /// Pages of 4 KiB, and where the host writes event blocks.
    package struct MemoryLayout: Hashable, Sendable {
        package var initialPages: UInt32 = 0
        package var maximumPages: UInt32 = 0
        package var inboxAddress: UInt32 = 0
        package var inboxCapacity: UInt32 = 0

        package init() {}
    }

    package struct DataSegment: Hashable, Sendable {
        package var address: UInt32
        package var bytes: [UInt8]

        package init(address: UInt32, bytes: [UInt8]) {
            self.address = address
            self.bytes = bytes
        }
    }
}
