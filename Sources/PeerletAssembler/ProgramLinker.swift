internal import PeerletBytecode
internal import Suggestions

/// Makes the image of what was read: which parts are needed, where they lie, their code.
struct ProgramLinker {
    var generator: CodeGenerator
    var image = ProgramImage()
    private(set) var debugInfo = DebugInfo()
    private(set) var manifest = ManifestDirectives()
    private(set) var functionPlaces: [SourceSpan] = []
    var reader = ManifestReader()
    var planner = MemoryPlanner()

    init(definitions: Definitions, bag: DiagnosticBag) {
        generator = CodeGenerator(definitions: definitions, bag: bag)
    }

    var program: ProgramSyntax { generator.definitions.program }

    mutating func link() {
        reader.read(&generator.definitions, &generator.bag)
        manifest = reader.draft
        let reachability = Reachability(generator.definitions)
        checkStructs()
        declareSignatures(reachability)
        let isInboxNeeded = program.procedures.contains { procedure in
            guard procedure.isUpcall, let upcall = Upcall(name: procedure.name.text) else {
                return false
            }
            return upcall == .snapshot || upcall.parameters.contains("event*")
        }
        planner.plan(
            &generator.definitions,
            reachability,
            needsInbox: isInboxNeeded,
            &generator.bag
        )
        generator.definitions.memory = planner.map
        linkImports(reachability)
        linkGlobals()
        checkConstants()
        generateCode()
        linkExports()
        linkTable()
        linkData()
        linkMemory()
        checkLimits()
    }

    // MARK: Checks

    private mutating func checkStructs() {
        for (index, definition) in program.structs.enumerated() {
            _ = generator.definitions.layout(
                ofStruct: index,
                usedAt: definition.name.span,
                &generator.bag
            )
        }
    }

    private mutating func checkConstants() {
        for (index, constant) in program.constants.enumerated() {
            _ = generator.definitions.value(
                ofConstant: index,
                usedAt: constant.name.span,
                &generator.bag
            )
        }
        for (condition, message) in program.assertions
        where generator.definitions.evaluate(condition, &generator.bag) == 0 {
            generator.bag.error(.assertion, message, at: condition.span)
        }
    }

    private mutating func checkLimits() {
        let limits: [(String, Int, Int)] = [
            ("functions", image.functions.count, BytecodeLimits.functions),
            (
                "bytes of code", image.functions.reduce(0) { $0 + $1.code.count },
                BytecodeLimits.programCode
            ),
            ("imports", image.imports.count, BytecodeLimits.imports),
            ("exports", image.exports.count, BytecodeLimits.exports),
            ("globals", image.globals.count, BytecodeLimits.globals),
            ("table entries", image.table.count, BytecodeLimits.table),
            ("data segments", image.data.count, BytecodeLimits.dataSegments),
            (
                "bytes of data", image.data.reduce(0) { $0 + $1.bytes.count },
                BytecodeLimits.dataBytes
            ),
            ("bytes", image.byteCount, BytecodeLimits.image),
        ]
        for (what, count, limit) in limits where count > limit {
            generator.bag.error(
                .tooLarge,
                "the program has \(count) \(what), more than \(limit)",
                at: SourceSpan(file: 0, start: 0, end: 0)
            )
        }
    }

    // MARK: Procedures

    private mutating func declareSignatures(_ reachability: Reachability) {
        var count: UInt32 = 0
        for (index, procedure) in program.procedures.enumerated() {
            let parameters = procedure.parameters.count
            if parameters > BytecodeLimits.parameters {
                generator.bag.error(
                    .tooManyLocals,
                    "\(parameters) parameters, more than \(BytecodeLimits.parameters)",
                    at: procedure.name.span
                )
            }
            var results: UInt64 = procedure.isUpcall ? 1 : 0
            if let expression = procedure.results {
                let limit = UInt64(BytecodeLimits.results)
                results =
                    generator.definitions.unsigned(
                        expression,
                        limit: limit,
                        "results",
                        &generator.bag
                    )
                    ?? 0
            }
            if procedure.isUpcall { checkUpcall(procedure, results: Int(results)) }
            let isKept = reachability.procedures.contains(index)
            generator.signatures[index] = Signature(
                parameters: parameters,
                results: Int(results),
                function: isKept ? count : nil
            )
            if isKept { count += 1 }
        }
    }

    private mutating func checkUpcall(_ procedure: Procedure, results: Int) {
        let name = procedure.name
        guard let upcall = Upcall(name: name.text) else {
            let near = Suggestion.nearest(to: name.text, among: Upcall.allCases.map(\.name))
            generator.bag.error(
                .unknownUpcall,
                "the host has no upcall `\(name.text)`",
                at: name.span,
                notes: ["upcalls are \(Upcall.allCases.map(\.name).joined(separator: ", "))"],
                help: near.map { ["did you mean `\($0)`?"] } ?? [
                    "other exported procedures are written `export proc`"
                ]
            )
            return
        }
        guard procedure.parameters.count == upcall.parameters.count, results == 1 else {
            let shape = upcall.parameters.map { $0.filter { $0 != "*" } }.joined(separator: ", ")
            generator.bag.error(
                .upcallShape,
                "the upcall is `\(upcall.name)(\(shape))` with one result",
                at: name.span
            )
            return
        }
    }

    private mutating func generateCode() {
        var files: [Int32: UInt32] = [:]
        for (index, procedure) in program.procedures.enumerated() {
            guard let signature = generator.signatures[index], !generator.bag.isFull else {
                continue
            }
            let (body, places) = generator.generate(procedure, signature)
            guard signature.function != nil else { continue }
            image.functions.append(body)
            functionPlaces.append(procedure.name.span)
            debugInfo.functions.append(
                DebugInfo.Function(
                    name: procedure.name.text,
                    lines: lines(places, files: &files)
                )
            )
        }
        for name in program.imports where name.span.file == 0 {
            guard !generator.usedImports.contains(name.text), HostABI.call(named: name.text) != nil
            else { continue }
            generator.bag.warning(
                .unusedImport,
                "`\(name.text)` is imported but never used",
                at: name.span
            )
        }
    }

    private mutating func lines(
        _ places: [(offset: UInt32, span: SourceSpan)],
        files: inout [Int32: UInt32]
    ) -> [DebugInfo.Line] {
        var lines: [DebugInfo.Line] = []
        for place in places {
            let span = generator.bag.sources.root(of: place.span)
            let file: UInt32
            if let known = files[span.file] {
                file = known
            } else {
                file = UInt32(debugInfo.files.count)
                files[span.file] = file
                debugInfo.files.append(generator.bag.sources.files[Int(span.file)].source.path)
            }
            let line = UInt32(generator.bag.sources.line(of: span) + 1)
            if lines.last?.file == file, lines.last?.line == line { continue }
            lines.append(DebugInfo.Line(offset: place.offset, file: file, line: line))
        }
        return lines
    }
}
