internal import ArgumentParser
internal import Foundation
internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletVM

/// A program that was assembled and verified.
struct AssembledProgram {
    /// Of the main file, `-` for standard input.
    let path: String
    let result: AssemblyResult
    let program: VerifiedProgram
}

/// Where the source is and what it is assembled with.
struct SourceOptions: ParsableArguments {
    @Argument(help: "Main file, a folder with main.pasm, or - for standard input.")
    var path = "."

    @Option(name: [.customShort("I"), .long], help: "Folder to search for includes; repeatable.")
    var include: [String] = []

    @Option(
        name: [.customShort("D"), .long],
        help: "Constant NAME=VALUE (NAME alone: 1); repeatable."
    )
    var define: [String] = []

    /// The main file that the path means.
    private func mainFile() throws(CommandFailure) -> String {
        guard Files.isFolder(path) else { return path }
        let name = URL(filePath: path).standardizedFileURL.lastPathComponent
        let candidates = ["main.pasm", "\(name).pasm", "src/main.pasm"]
        for candidate in candidates {
            let file = path == "." ? candidate : SearchPathResolver.join(path, candidate)
            if Files.exists(file) { return file }
        }
        throw CommandFailure(
            code: .noInput,
            name: "missing",
            message: "there is no main.pasm in \(path)",
            hint: "`prost-asm new NAME` makes a project"
        )
    }

    private func defines() throws(CommandFailure) -> [(name: String, value: Int64)] {
        var result: [(name: String, value: Int64)] = []
        for text in define {
            let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 1 ? 1 : Number.parse(String(parts[1]))
            let name = String(parts[0])
            guard let value, !name.isEmpty else {
                throw .usage("-D \(text): expected NAME=NUMBER")
            }
            if let problem = Assembler.problem(ofDefining: name) {
                throw .usage("-D \(text): `\(name)` cannot be a constant: \(problem)")
            }
            guard !result.contains(where: { $0.name == name }) else {
                throw .usage("-D \(text): `\(name)` is given twice")
            }
            result.append((name, value))
        }
        return result
    }

    /// Assembles; diagnostics are shown, errors are a failure with the given exit code.
    func assemble(
        _ output: OutputOptions,
        failing code: CommandFailure.Code
    ) throws(CommandFailure) -> AssembledProgram {
        let main = try mainFile()
        let bytes = try Files.read(main)
        let folder = SearchPathResolver.folder(of: main)
        let beside = ["lib", "../lib"].map { SearchPathResolver.join(folder, $0) }
        let resolver = SearchPathResolver(folders: include + beside) { path in
            guard Files.exists(path), !Files.isFolder(path) else { return .missing }
            do throws(CommandFailure) {
                return .bytes(try Files.read(path))
            } catch {
                return .unreadable(error.message)
            }
        }
        let result = Assembler.assemble(
            main: SourceFile(path: main == "-" ? "<stdin>" : main, bytes: bytes),
            resolver: resolver,
            defines: try defines()
        )
        var diagnostics = result.diagnostics
        if let image = result.image {
            do throws(VerificationError) {
                let program = try Verifier.verify(image)
                output.show(diagnostics)
                return AssembledProgram(path: main, result: result, program: program)
            } catch {
                diagnostics.append(
                    result.refusal(
                        .refusedByVerifier,
                        "\(error)",
                        function: error.function,
                        offset: error.offset
                    )
                )
            }
        }
        throw failure(diagnostics, main, output, code)
    }

    /// Shows the diagnostics.
    func failure(
        _ diagnostics: [Diagnostic],
        _ main: String,
        _ output: OutputOptions,
        _ code: CommandFailure.Code
    ) -> CommandFailure {
        output.show(diagnostics)
        let errors = diagnostics.filter { $0.severity == .error }.count
        return CommandFailure(
            code: code,
            name: "assembly",
            message: "\(errors) error\(errors == 1 ? "" : "s") in \(main)",
            details: diagnostics.map(DiagnosticRecord.init),
            isShown: errors > 0 && output.json
        )
    }
}

/// Numbers on the command line: decimal or 0x, 64 bits, signed or not.
enum Number {
    static func parse(_ text: String) -> Int64? {
        let isNegative = text.hasPrefix("-")
        var digits = isNegative ? text.dropFirst() : text[...]
        var radix = 10
        if digits.hasPrefix("0x") {
            radix = 16
            digits = digits.dropFirst(2)
        }
        guard let magnitude = UInt64(digits.filter { $0 != "_" }, radix: radix) else { return nil }
        if !isNegative { return Int64(bitPattern: magnitude) }
        return magnitude <= 1 << 63 ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }
}
