internal import Foundation

/// A node that `prost dev` runs as a process of its own.
final class NodeProcess {
    let member: DevelopmentRing.Node
    private let process: Process
    private let lifeline: Pipe
    private let log: String

    /// How a process ended.
    enum End: Sendable {
        case left
        case failed(Int32)
        case killed(Int32)

        fileprivate init(_ process: Process) {
            let number = process.terminationStatus
            self =
                switch process.terminationReason {
                case .exit: number == 0 ? .left : .failed(number)
                default: .killed(number)
                }
        }
    }

    /// Starts `prost run` with its own data folder and waits until it listens; `onEnd` is called
    /// from some thread.
    init(
        _ name: String,
        directory: String,
        arguments: [String],
        onEnd: @escaping @Sendable (End) -> Void
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: AssemblerProgram.thisProgram)
        process.arguments =
            ["run", "--data-dir", directory, "--name", name, "--lifeline", "--json"] + arguments
        process.terminationHandler = { onEnd(End($0)) }
        let output = Pipe()
        lifeline = Pipe()
        process.standardInput = lifeline
        process.standardOutput = output
        log = directory + ".log"
        try DevelopmentFolder.write("", to: log)
        process.standardError = FileHandle(forWritingAtPath: log)
        try process.run()
        self.process = process
        guard let line = Self.firstLine(of: output.fileHandleForReading),
            let announced = try? JSONDecoder().decode(Announcement.self, from: line)
        else {
            throw CommandFailure(.internal, "\(name) did not start: \(Self.end(of: log))")
        }
        member = DevelopmentRing.Node(
            name: name,
            directory: directory,
            address: announced.address,
            id: announced.id,
            process: process.processIdentifier
        )
    }

    /// The folder with the log goes when this command ends.
    private static func end(of log: String) -> Substring {
        ((try? String(contentsOfFile: log, encoding: .utf8)) ?? "").suffix(500)
    }

    var endOfLog: Substring { Self.end(of: log) }

    private struct Announcement: Decodable {
        var address: String
        var id: String
    }

    private static func firstLine(of handle: FileHandle) -> Data? {
        var line = Data()
        while true {
            let data = handle.availableData
            if data.isEmpty { return nil }
            line += data
            if let newline = line.firstIndex(of: 10) { return line[..<newline] }
        }
    }

    var isRunning: Bool { process.isRunning }

    /// Asks the node to end: by its lifeline, since a second signal after a Ctrl-C that it heard
    /// too would end it at once.
    func letGo() { try? lifeline.fileHandleForWriting.close() }

    func waitForEnd(until deadline: Date) {
        while process.isRunning, Date() < deadline { usleep(20_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }
}
