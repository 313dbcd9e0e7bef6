package import PeerletBytecode

/// A program that keeps every validation rule, ready to run; only `Verifier` makes one.
///
/// The translated code is shared by all machines that run the program.
package final class VerifiedProgram: Sendable {
    package let image: ProgramImage
    /// Greatest height of each function's operand stack, cells.
    package let maximumHeights: [Int]
    let code: RegisterCode
    private let entryPoints: [String: EntryPoint]
    /// By the upcall's number.
    private let upcalls: [EntryPoint?]

    init(image: ProgramImage, maximumHeights: [Int], code: RegisterCode) {
        self.image = image
        self.maximumHeights = maximumHeights
        self.code = code
        var entryPoints: [String: EntryPoint] = [:]
        for export in image.exports {
            let body = image.functions[Int(export.function)]
            entryPoints[export.name] = EntryPoint(
                program: ObjectIdentifier(code),
                name: export.name,
                function: export.function,
                parameterCount: Int(body.parameterCount),
                resultCount: Int(body.resultCount)
            )
        }
        self.entryPoints = entryPoints
        upcalls = Upcall.allCases.map { entryPoints[$0.name] }
    }

    package func entryPoint(named name: String) -> EntryPoint? { entryPoints[name] }

    package func entryPoint(_ upcall: Upcall) -> EntryPoint? { upcalls[Int(upcall.rawValue)] }
}

/// An exported function of a verified program.
package struct EntryPoint: Hashable, Sendable {
    /// The code that it is an entry of.
    let program: ObjectIdentifier
    package let name: String
    package let function: UInt32
    package let parameterCount: Int
    package let resultCount: Int
}
