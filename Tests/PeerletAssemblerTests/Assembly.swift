internal import PeerletAssembler
internal import PeerletBytecode
internal import Testing

/// Assembles one file; includes come from `files`.
func assemble(
    _ text: String,
    files: [SourceFile] = [],
    defines: [(name: String, value: Int64)] = []
) -> AssemblyResult {
    Assembler.assemble(
        main: SourceFile(path: "main.pasm", text: text),
        resolver: MemorySourceResolver(files),
        defines: defines
    )
}

func render(_ result: AssemblyResult) -> String {
    let renderer = DiagnosticRenderer(usesColor: false)
    return result.diagnostics.map(renderer.human).joined()
}

func codes(_ result: AssemblyResult) -> [DiagnosticCode] { result.diagnostics.map(\.code) }

/// The image of a program that must assemble, with no diagnostic at all.
func image(
    _ text: String,
    files: [SourceFile] = [],
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> ProgramImage {
    let result = assemble(text, files: files)
    let report = render(result)
    #expect(report.isEmpty, sourceLocation: sourceLocation)
    let image = result.image
    return try #require(image, sourceLocation: sourceLocation)
}

/// The instructions of the first function, one text each.
func instructions(_ image: ProgramImage, function: Int = 0) throws -> [String] {
    var decoder = InstructionDecoder(image.functions[function].code)
    var result: [String] = []
    while let instruction = try decoder.next() {
        let mnemonic = instruction.info.mnemonic
        switch instruction.operand {
        case .none: result.append(mnemonic)
        case .trapCode(let code): result.append("\(mnemonic) \(code)")
        case .constant(let value): result.append("\(mnemonic) \(value)")
        case .index(let value), .offset(let value), .target(let value):
            result.append("\(mnemonic) \(value)")
        case .targets(let targets, let otherwise):
            result.append("\(mnemonic) \(targets) \(otherwise)")
        case .signature(let parameters, let results):
            result.append("\(mnemonic) \(parameters) \(results)")
        }
    }
    return result
}
