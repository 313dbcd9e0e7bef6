import Foundation
import PeerletVM
import Testing

/// Swift makes a call in tail position a jump when it optimises, but does not promise to: what the
/// compiler made is looked at (`Spec/decisions/0011-register-code.md`).
@Suite struct HandlerTests {
    #if DEBUG
    static let isOptimised = false
    #else
    static let isOptimised = true
    #endif

    @Test func `handlers jump in an optimised build, and a loop calls them in others`() {
        #expect(Machine.handlersJump == Self.isOptimised)
    }

    @Test(.enabled(if: isOptimised))
    func `no handler of the optimised build returns, or calls anything but memset`() throws {
        let tool = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
            .appending(path: "prost-asm").path()
        let handlers = try Self.handlers(in: tool)
        #expect(handlers.count > 400)
        var jumps = 0
        for line in try Self.output(of: "objdump", ["-d", "--no-show-raw-insn", tool]) {
            let fields = line.split(separator: ":", maxSplits: 1)
            guard fields.count == 2,
                let address = UInt64(fields[0].filter { $0 != " " }, radix: 16),
                let name = Self.name(at: address, handlers)
            else { continue }
            let instruction = fields[1].trimmingCharacters(in: .whitespaces)
            let mnemonic = instruction.prefix { $0 != " " && $0 != "\t" }
            if mnemonic.hasPrefix("ret") { Issue.record("\(name) returns") }
            if mnemonic.hasPrefix("call") || mnemonic == "bl" || mnemonic == "blr" {
                #expect(instruction.contains("memset"), "\(name): \(instruction)")
            }
            if instruction.hasPrefix("jmp") || mnemonic == "br" { jumps += 1 }
        }
        #expect(jumps >= handlers.count)
    }

    struct Handler {
        let start: UInt64
        let end: UInt64
        let name: String
    }

    /// Functions behind the closures in the tables of operations, in ascending order.
    static func handlers(in tool: String) throws -> [Handler] {
        var handlers: [Handler] = []
        for line in try output(of: "nm", ["-S", tool]) {
            let fields = line.split(separator: " ")
            guard fields.count == 4, fields[3].hasPrefix("$s9PeerletVM"),
                fields[3].hasSuffix("_To"),
                fields[3].contains("Handlers") || fields[3].contains("Operation"),
                !fields[3].contains("SelfCheck"),
                let start = UInt64(fields[0], radix: 16), let size = UInt64(fields[1], radix: 16)
            else { continue }
            handlers.append(Handler(start: start, end: start + size, name: String(fields[3])))
        }
        return handlers.sorted { $0.start < $1.start }
    }

    static func name(at address: UInt64, _ handlers: [Handler]) -> String? {
        var (low, high) = (0, handlers.count)
        while low < high {
            let middle = (low + high) / 2
            if handlers[middle].start <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, address < handlers[low - 1].end else { return nil }
        return handlers[low - 1].name
    }

    static func output(of tool: String, _ arguments: [String]) throws -> [Substring] {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(tool) of binutils is needed")
        return String(decoding: output, as: UTF8.self).split(separator: "\n")
    }
}
