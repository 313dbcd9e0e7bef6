package import PeerletBytecode

/// What assembling gave: an image only if there was no error.
package struct AssemblyResult: Sendable {
    package let image: ProgramImage?
    package let manifest: ManifestDirectives
    package let debugInfo: DebugInfo
    /// In the order in which they were found.
    package let diagnostics: [Diagnostic]
    /// Where each function of the image is defined, for messages about it.
    package let functionPlaces: [SourceExcerpt]
    /// Paths of all files read, the main file first.
    package let files: [String]

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// Turns source text into a program (`Spec/assembly-language.md`).
package enum Assembler {
    /// Assembles a main file; `defines` are constants given from outside.
    package static func assemble(
        main: SourceFile,
        resolver: some SourceResolver,
        defines: [(name: String, value: Int64)] = []
    ) -> AssemblyResult {
        var parser = Parser(bag: DiagnosticBag()) { path, includer in
            resolver.resolve(path, includedFrom: includer)
        }
        parser.enter(file: main, includedAt: nil)
        let start = SourceSpan(file: 0, start: 0, end: 0)
        for define in defines where parser.definitions.symbol(define.name) == nil {
            let name = Name(text: define.name, span: start)
            parser.define(constant: name, .number(Int128(define.value)))
        }
        if !parser.stream.bag.hasErrors { parser.parseProgram() }
        var linker = ProgramLinker(definitions: parser.definitions, bag: parser.stream.bag)
        linker.link()
        let bag = linker.generator.bag
        return AssemblyResult(
            image: bag.hasErrors ? nil : linker.image,
            manifest: linker.manifest,
            debugInfo: linker.debugInfo,
            diagnostics: bag.diagnostics,
            functionPlaces: linker.functionPlaces.map { bag.sources.excerpt($0, label: "") },
            files: bag.sources.files.map(\.source.path)
        )
    }

    /// A diagnostic about an offset in the image, at the line that made it.
    package static func verifierDiagnostic(
        _ message: String,
        line: SourceExcerpt
    ) -> Diagnostic {
        Diagnostic(
            severity: .error,
            code: .refusedByVerifier,
            message: message,
            primary: line,
            related: [],
            notes: [],
            help: [],
            origins: []
        )
    }
}
