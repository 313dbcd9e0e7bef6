internal import Foundation
internal import Testing

/// A pseudo-terminal, to type passphrases on.
private final class PseudoTerminal {
    let main: FileHandle
    let side: FileHandle

    init() throws {
        var (first, second): (Int32, Int32) = (-1, -1)
        try #require(unsafe openpty(&first, &second, nil, nil, nil) == 0)
        main = FileHandle(fileDescriptor: first, closeOnDealloc: true)
        side = FileHandle(fileDescriptor: second, closeOnDealloc: true)
    }

    var showsTyping: Bool {
        var settings = termios()
        guard unsafe tcgetattr(side.fileDescriptor, &settings) == 0 else { return false }
        return settings.c_lflag & tcflag_t(ECHO) != 0
    }
}

@Suite struct TerminalTests {
    private func start(_ tool: Tool, _ terminal: PseudoTerminal) throws -> (Process, Pipe) {
        let process = Process()
        let prompts = Pipe()
        process.executableURL = tool.executable
        process.arguments = ["key", "new", "k.key"]
        process.currentDirectoryURL = tool.folder
        process.standardInput = terminal.side
        process.standardOutput = FileHandle.nullDevice
        process.standardError = prompts
        // A child has its parent's mask, and the threads that tests run on block signals.
        var (none, before) = (sigset_t(), sigset_t())
        _ = unsafe sigemptyset(&none)
        _ = unsafe pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { _ = unsafe pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
        return (process, prompts)
    }

    /// Reads up to a prompt.
    private func await(_ prompt: String, _ prompts: Pipe) -> Bool {
        var text = ""
        while !text.contains(prompt) {
            let part = prompts.fileHandleForReading.availableData
            if part.isEmpty { return false }
            text += String(decoding: part, as: UTF8.self)
        }
        return true
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func `a program that ends while it asks leaves the terminal as it was`(number: Int32) throws {
        let tool = try Tool()
        let terminal = try PseudoTerminal()
        #expect(terminal.showsTyping)
        let (process, prompts) = try start(tool, terminal)
        #expect(`await`("New passphrase: ", prompts))
        #expect(!terminal.showsTyping)
        kill(process.processIdentifier, number)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(process.terminationStatus == number)
        #expect(terminal.showsTyping)
    }

    @Test(arguments: [("", "", Int32(64)), ("a", "b", 64), ("secret", "secret", 0)])
    func `a passphrase is asked for twice and is not empty`(
        first: String,
        second: String,
        status: Int32
    ) throws {
        let tool = try Tool()
        let terminal = try PseudoTerminal()
        let (process, prompts) = try start(tool, terminal)
        #expect(`await`("New passphrase: ", prompts))
        try terminal.main.write(contentsOf: Data("\(first)\n".utf8))
        #expect(`await`("Again: ", prompts))
        try terminal.main.write(contentsOf: Data("\(second)\n".utf8))
        process.waitUntilExit()
        #expect(process.terminationStatus == status)
        #expect(terminal.showsTyping)
        let isMade = FileManager.default.fileExists(atPath: tool.folder.path() + "/k.key")
        #expect(isMade == (status == 0))
    }
}
