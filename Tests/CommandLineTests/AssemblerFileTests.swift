import Foundation
import Testing

/// Files that the assembler is given and has no use for.
@Suite struct AssemblerFileTests {
    @Test(arguments: ["", "\n\n", "; nothing but words"])
    func `a program without a first line is none`(text: String) async throws {
        let folder = try TestFolder()
        try folder.write(text, "empty.pasm")
        for (command, status) in [("check", 1), ("build", 65)] {
            let output = try await Program.assembler.run(command, "empty.pasm", in: folder)
            #expect(output.status == Int32(status))
            #expect(output.err.contains("error[PA0204]"))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/empty.peerlet"))
    }

    @Test func `a folder where a file belongs is missing input for both programs`() async throws {
        let folder = try TestFolder()
        let verify = try await Program.assembler.run("verify", ".", in: folder)
        #expect(verify.status == 66)
        #expect(verify.err.contains(". is a folder"))
        let explain = try await Program.prost.run("policy", "explain", ".", in: folder)
        #expect(explain.status == 66)
        #expect(explain.err.contains(". is a folder"))
    }

    @Test(arguments: [
        (["measure", "--rounds", "0"], "1 to 10000"),
        (
            ["token", "--node", String(repeating: "58", count: 32), "--ring", "a\u{7}"],
            "printable"
        ),
    ])
    func `a figure or name that means nothing is wrong usage`(
        arguments: [String],
        words: String
    ) async throws {
        let output = try await Program.assembler.run(arguments, in: try TestFolder())
        #expect(output.status == 64)
        #expect(output.err.contains(words), "\(output.err)")
    }
}
