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
    /// All files read, the main file first.
    package let sources: [SourceFile]

    package var hasErrors: Bool { diagnostics.contains { $0.severity == .error } }
}

/// Turns source text into a program (`Spec/assembly-language.md`).
package enum Assembler {
    /// Why a name cannot be that of a constant, nil if it can.
    package static func problem(ofDefining name: String) -> String? {
        let source = SourceFile(path: "-D", text: name)
        var bag = DiagnosticBag()
        let file = bag.sources.add(source, includedAt: nil)
        var lexer = Lexer(file: file, bytes: source.bytes)
        guard lexer.next(&bag).kind == .name(name) else { return "it is no name" }
        return Parser.problem(ofDefining: name, Keyword.all)
    }

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
            parser.definitions.given.insert(define.name)
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
            sources: bag.sources.files.map(\.source)
        )
    }
}

extension AssemblyResult {
    /// That the program cannot be used so, shown at the line that made the place.
    ///
    /// - Parameter function: Nil if it is about the program as a whole.
    package func refusal(
        _ code: DiagnosticCode,
        _ message: String,
        function: UInt32? = nil,
        offset: UInt32? = nil,
        help: [String] = []
    ) -> Diagnostic {
        Diagnostic(
            severity: .error,
            code: code,
            message: message,
            primary: excerpt(function: function, offset: offset),
            related: [],
            notes: [],
            help: help,
            origins: []
        )
    }

    /// The line of an instruction, else the function's head, else the main file's start.
    private func excerpt(function: UInt32?, offset: UInt32?) -> SourceExcerpt {
        if let function, let offset,
            let place = debugInfo.location(function: function, offset: offset),
            let source = sources.first(where: { $0.path == place.file })
        {
            return SourceExcerpt(wholeLine: Int(place.line), of: source)
        }
        if let function, functionPlaces.indices.contains(Int(function)) {
            return functionPlaces[Int(function)]
        }
        return SourceExcerpt(wholeLine: 1, of: sources.first ?? SourceFile(path: "", bytes: []))
    }
}

extension SourceExcerpt {
    /// A line without its indentation marked.
    fileprivate init(wholeLine line: Int, of source: SourceFile) {
        let lines = source.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
        let bytes = lines.indices.contains(line - 1) ? lines[line - 1] : []
        let text = String(decoding: bytes.prefix(AssemblyLimits.lineBytes), as: UTF8.self)
        let indent = text.prefix { $0 == " " || $0 == "\t" }.count
        self.init(
            path: source.path,
            line: line,
            column: indent + 1,
            endColumn: max(text.count, indent + 1) + 1,
            text: text,
            label: ""
        )
    }
}
