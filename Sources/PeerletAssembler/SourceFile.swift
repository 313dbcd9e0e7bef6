/// One file of source text: a display path, unique per file, and its bytes.
package struct SourceFile: Sendable, Equatable {
    package let path: String
    package let bytes: [UInt8]

    package init(path: String, bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    package init(path: String, text: String) {
        self.init(path: path, bytes: Array(text.utf8))
    }
}

/// What an `include` found.
package enum SourceResolution: Sendable {
    case found(SourceFile)
    /// With the places looked at, for the message.
    case missing(searched: [String])
    /// It exists but cannot be read, and why.
    case unreadable(path: String, reason: String)
}

/// Supplies the text of includes, so that the assembler itself does no I/O.
package protocol SourceResolver {
    /// The file that `path` means in the file `includer`; the same file always has the same path.
    func resolve(_ path: String, includedFrom includer: String) -> SourceResolution
}

/// Includes from a fixed set of files, by their exact path.
package struct MemorySourceResolver: SourceResolver, Sendable {
    private let files: [String: SourceFile]

    package init(_ files: [SourceFile] = []) {
        self.files = Dictionary(files.map { ($0.path, $0) }) { first, _ in first }
    }

    package func resolve(_ path: String, includedFrom includer: String) -> SourceResolution {
        files[path].map(SourceResolution.found) ?? .missing(searched: [path])
    }
}

/// Limits of the language (`Spec/assembly-language.md` §7).
package enum AssemblyLimits {
    /// More than the disassembly of any image takes.
    package static let fileBytes = 16 << 20
    static let totalBytes = 16 << 20
    static let lineBytes = 16 << 10
    static let includeDepth = 16
    static let files = 256
    static let macroDepth = 32
    static let macroTokens = 250_000
    /// Statements, expressions and data items.
    static let parts = 4 << 20
    static let nesting = 100
    static let expressionDepth = 250
    static let evaluationDepth = 600
    static let fields = 4096
    static let definitions = 65_536
    static let locals = 1024
    static let constantChain = 200
    /// One definition.
    static let memoryBytes: UInt64 = 16 << 20
    static let addresses: UInt64 = 256 << 20
    static let errors = 50
}

/// A piece of text: byte offsets in a file of the run; `context` is the macro expansion that made
/// it, 0 for text that stands where it was written.
struct SourceSpan: Hashable, Sendable {
    var file: Int32
    var start: Int32
    var end: Int32
    var context: Int32 = 0

    /// From the start of this to the end of `last`, if both are of the same file.
    func through(_ last: SourceSpan) -> SourceSpan {
        guard last.file == file, last.end >= start else { return self }
        return SourceSpan(file: file, start: start, end: max(end, last.end), context: context)
    }

    /// Just after the end.
    var after: SourceSpan {
        SourceSpan(file: file, start: end, end: end, context: context)
    }
}

/// The files of a run, with line starts, and the macro expansions.
struct SourceMap {
    struct File {
        let source: SourceFile
        let includedAt: SourceSpan?
        let lineStarts: [Int32]
    }

    /// One use of a macro.
    struct Expansion {
        let macro: String
        let use: SourceSpan
        let depth: Int
    }

    private(set) var files: [File] = []
    private(set) var expansions: [Expansion] = []

    mutating func add(_ source: SourceFile, includedAt: SourceSpan?) -> Int32 {
        var starts: [Int32] = [0]
        for (offset, byte) in source.bytes.enumerated() where byte == 0x0A {
            starts.append(Int32(offset + 1))
        }
        files.append(File(source: source, includedAt: includedAt, lineStarts: starts))
        return Int32(files.count - 1)
    }

    /// The new context's number.
    mutating func addExpansion(of macro: String, at use: SourceSpan) -> Int32 {
        let depth = depth(of: use.context) + 1
        expansions.append(Expansion(macro: macro, use: use, depth: depth))
        return Int32(expansions.count)
    }

    func depth(of context: Int32) -> Int {
        context == 0 ? 0 : expansions[Int(context) - 1].depth
    }

    func expansion(_ context: Int32) -> Expansion? {
        context == 0 ? nil : expansions[Int(context) - 1]
    }

    /// Zero-based line of an offset.
    func line(of span: SourceSpan) -> Int {
        let starts = files[Int(span.file)].lineStarts
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= span.start { low = middle } else { high = middle }
        }
        return low
    }

    /// The outermost place a span stems from: the use of the first macro.
    func root(of span: SourceSpan) -> SourceSpan {
        var current = span
        while let expansion = expansion(current.context) { current = expansion.use }
        return current
    }
}
