internal import ArgumentParser
internal import Foundation

/// `prost-asm`, beside this program: what `prost dev` makes keys and packages with.
struct AssemblerProgram {
    private let path: String

    init() {
        path =
            URL(fileURLWithPath: Self.thisProgram).deletingLastPathComponent()
            .appendingPathComponent("prost-asm").path
    }

    /// This program's file, also when it was found along PATH.
    static var thisProgram: String {
        let link = "/proc/self/exe"
        return (try? FileManager.default.destinationOfSymbolicLink(atPath: link))
            ?? CommandLine.arguments[0]
    }

    /// The development key of this folder, made if there is none: what is built here has it, so
    /// that a ring which trusts it takes further packages.
    func makeDevelopmentKey() throws {
        let key = DevelopmentFolder.path + "/dev.key"
        guard !FileManager.default.fileExists(atPath: key) else { return }
        let status = try run(["key", "new", key, "--no-passphrase", "--quiet"])
        guard status == 0 else { throw ExitCode(status) }
    }

    /// Builds a source file or a project's folder.
    ///
    /// What is wrong with it the assembler has said, but as text only.
    func build(_ source: String, to package: String, asJSON: Bool) throws {
        let status = try run(["build", source, "-o", package, "--quiet"])
        guard status != 0 else { return }
        guard asJSON else { throw ExitCode(status) }
        throw CommandFailure(
            ExitStatus(rawValue: status) ?? .internal,
            "\(source) could not be built",
            hint: "prost-asm check \(source)"
        )
    }

    private func run(_ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        do { try process.run() } catch {
            throw CommandFailure(
                .internal,
                "cannot run \(path)",
                hint: "prost-asm belongs into the same folder as prost"
            )
        }
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : 70
    }
}
