internal import Cryptography
internal import Foundation
internal import PeerletAssembler
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletVM

extension SourceOptions {
    /// Assembles what is to become a package: what `build` would refuse is an error here too.
    func assemblePackage(
        _ output: OutputOptions,
        failing code: CommandFailure.Code
    ) throws(CommandFailure) -> (assembled: AssembledProgram, draft: ManifestDraft) {
        let assembled = try assemble(output, failing: code)
        let result = assembled.result
        guard let name = result.manifest.name ?? Self.fallbackName(assembled.path) else {
            let found = result.refusal(
                .missingName,
                "the program has no name, and its file none that could be it",
                help: ["write `.name \"…\"` into the main file"]
            )
            throw failure([found], assembled.path, output, code)
        }
        // As manifests have them (`Spec/package.md` §4).
        let odd = assembled.program.image.exports.first { export in
            !export.name.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        }
        if let odd {
            let found = result.refusal(
                .outOfRange,
                "the export name \"\(odd.name)\" has characters that no package has",
                function: odd.function,
                help: ["use the printable ASCII characters without space"]
            )
            throw failure([found], assembled.path, output, code)
        }
        let draft = ManifestDraft(name: name, result.manifest)
        do throws(PackageWriterError) {
            // By whom is not known yet; it would be as large by any root key.
            let signer = try Self.anyKey()
            _ = try PackageWriter.build(draft, image: assembled.program.image, signer: signer)
        } catch {
            let found = result.refusal(.tooLarge, "there is no package of this program: \(error)")
            throw failure([found], assembled.path, output, code)
        }
        return (assembled, draft)
    }

    private static func anyKey() throws(PackageWriterError) -> PrivateKey {
        do throws(CryptographyError) {
            return try PrivateKey(seed: Array(repeating: 0, count: 32))
        } catch { throw .cryptography(error) }
    }

    /// Without `.name`, the file's or its folder's name.
    private static func fallbackName(_ path: String) -> String? {
        let url = URL(filePath: path).standardizedFileURL
        let stem = url.deletingPathExtension().lastPathComponent
        let name = stem == "main" ? url.deletingLastPathComponent().lastPathComponent : stem
        return path != "-" && ApplicationName.isValid(name) ? name : nil
    }
}
