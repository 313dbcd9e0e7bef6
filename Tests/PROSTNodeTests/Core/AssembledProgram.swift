import Foundation
import PeerletAssembler
import PeerletBytecode
import Testing

/// Programs of tests, in assembly language with the library of `PeerletASM`.
enum AssembledProgram {
    static func image(of source: String) throws -> ProgramImage {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../../PeerletASM/lib").standardized.path()
        let resolver = SearchPathResolver(folders: [folder]) { path in
            guard let data = try? Data(contentsOf: URL(filePath: path)) else { return .missing }
            return .bytes(Array(data))
        }
        let result = Assembler.assemble(
            main: SourceFile(path: "test.pasm", text: source),
            resolver: resolver
        )
        let renderer = DiagnosticRenderer(usesColor: false)
        let report = result.diagnostics.map { renderer.human($0) }.joined(separator: "\n")
        let assembled = result.image
        return try #require(assembled, "\(report)")
    }
}
