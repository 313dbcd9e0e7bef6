internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletVM
internal import ArgumentParser

struct CheckCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Assemble and verify; write nothing.",
        discussion: "Example: prost-asm check hello --error-format short"
    )

    @OptionGroup var source: SourceOptions
    @OptionGroup var output: OutputOptions

    private struct Report: Encodable {
        let path: String
        let functions: Int
        let codeBytes: Int
        let imports: [String]
        let exports: [String]
        let warnings: [DiagnosticRecord]
    }

    func execute() throws(CommandFailure) {
        let assembled = try source.assemblePackage(output, failing: .no).assembled
        let image = assembled.program.image
        let bytes = image.functions.reduce(0) { $0 + $1.code.count }
        output.result(
            "\(assembled.path): \(image.functions.count) procedures, \(bytes) bytes of code, ok"
        )
        if output.json {
            output.printJSON(
                Report(
                    path: assembled.path,
                    functions: image.functions.count,
                    codeBytes: bytes,
                    imports: image.imports.map(\.name),
                    exports: image.exports.map(\.name),
                    warnings: assembled.result.diagnostics.map(DiagnosticRecord.init)
                )
            )
        }
    }
}

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what a diagnostic code means; without one, list all.",
        discussion: "Example: prost-asm explain PA0501"
    )

    @Argument(help: "Code, as PA0501.")
    var code: String?

    func run() throws {
        guard let code else {
            for code in DiagnosticCode.allCases { print("\(code.rawValue)  \(code.meaning)") }
            return
        }
        guard let found = DiagnosticCode(rawValue: code.uppercased()) else {
            throw ValidationError("there is no diagnostic code \(code)")
        }
        print("\(found.rawValue)  \(found.meaning)")
    }
}
