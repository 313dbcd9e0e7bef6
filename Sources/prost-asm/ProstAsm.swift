internal import ArgumentParser
internal import CommandLineInterface
internal import PeerletBytecode

@main
struct ProstAsm: ParsableCommand {
    static func main() {
        do {
            var command = try Usage.command(of: Self.self)
            try command.run()
        } catch { Usage.exit(Self.self, with: error) }
    }

    static let configuration = CommandConfiguration(
        commandName: "prost-asm",
        abstract: "Assemble, check, run, package and sign peerlets. Files only, no network.",
        discussion: """
            Examples:
              prost-asm new hello                  make a project
              prost-asm build hello                assemble and sign hello/main.pasm
              prost-asm check hello                only look for mistakes
              prost-asm run hello --call f --arg 1 call an exported procedure
              prost-asm inspect hello.peerlet      show what a package asks for

            Exit codes: 0 done, 1 problems found or trap, 64 usage, 65 bad input,
            66 input missing, 73 cannot write, 77 signature refused.
            """,
        version:
            "prost-asm 0.1.0 (language 1, ABI \(HostABI.version), prices \(OpcodeTable.priceVersion))",
        subcommands: [
            NewCommand.self, BuildCommand.self, CheckCommand.self, RunCommand.self,
            DisasmCommand.self, InspectCommand.self, KeyCommand.self, SignCommand.self,
            VerifyCommand.self, TokenCommand.self, ExplainCommand.self, MeasureCommand.self,
        ]
    )
}
