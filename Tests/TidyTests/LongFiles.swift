/// Files above 300 lines and functions above 80, each with why it is one piece.
enum LongFiles {
    static let reasons: [String: String] = [
        "Sources/PROSTNode/Commands/ClientDispatch.swift": "every command of the local socket",
        "Sources/PROSTNode/Loader/CodeLoader.swift": "one state machine and its table",
        "Sources/PeerletAssembler/CodeGeneratorExpressions.swift": "one case for each expression",
        "Sources/PeerletAssembler/Lexer.swift": "one function for each kind of token",
        "Sources/PeerletAssembler/StandardLibrary.swift": "texts of PeerletASM/lib",
        "Sources/PeerletBytecode/OpcodeTable.swift": "one row for each instruction",
        "Tests/PROSTNodeTests/Consistency/RangeKeeperTests.swift": "one test for each rule",
        "Tests/PROSTNodeTests/Consistency/VirtualRing.swift": "a ring for one protocol's tests",
        "Tests/PROSTNodeTests/Loader/CodeLoaderTests.swift": "one test for each rule of loading",
        "Tests/PeerletRuntimeTests/StoreCallTests.swift": "one test for each call of the store",
        "Tests/PeerletVMTests/ProgramGenerator.swift": "one case for each instruction",
        "Tests/PeerletVMTests/ReferenceInterpreter.swift": "one case for each instruction",
        "Tests/PeerletVMTests/ValidationTests.swift": "one test for each validation rule",
    ]

    /// "file function": one switch with a case for each instruction cannot be divided.
    static let functions: [String: String] = [:]
}
