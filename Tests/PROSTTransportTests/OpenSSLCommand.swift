internal import Foundation
internal import Glibc
internal import Synchronization

/// A folder that goes away with its owner.
final class TemporaryFolder: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("prost-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        try Data(bytes).write(to: url.appendingPathComponent(name))
        return path(name)
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: url.appendingPathComponent(name)))
    }
}

/// The `openssl` program as a peer of another make.
final class OpenSSLCommand: Sendable {
    private let process: Process
    private let standardInput: FileHandle
    private let standardOutput: FileHandle
    private let exit: AsyncStream<Int32>

    /// Its standard input is a socket that keeps each write apart, as a terminal keeps lines.
    init(_ arguments: [String]) throws {
        var ends: [Int32] = [0, 0]
        guard
            unsafe socketpair(
                AF_UNIX,
                Int32(SOCK_SEQPACKET.rawValue | SOCK_CLOEXEC.rawValue),
                0,
                &ends
            ) == 0
        else {
            throw Overdue(description: "no socket pair")
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.standardInput = FileHandle(fileDescriptor: ends[0], closeOnDealloc: true)
        standardInput = FileHandle(fileDescriptor: ends[1], closeOnDealloc: true)
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        standardOutput = output.fileHandleForReading
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        process.terminationHandler = {
            continuation.yield($0.terminationStatus)
            continuation.finish()
        }
        exit = stream
        self.process = process
        try process.run()
    }

    /// False once the program is gone.
    func write(_ bytes: [UInt8]) -> Bool {
        (try? standardInput.write(contentsOf: Data(bytes))) != nil
    }

    func closeInput() { try? standardInput.close() }

    /// All output up to the end, and the exit code.
    func finish() async -> (output: [UInt8], status: Int32?) {
        let handle = standardOutput
        let output = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: (try? handle.readToEnd()).flatMap { $0 } ?? Data())
            }
        }
        for await status in exit { return (Array(output), status) }
        return (Array(output), nil)
    }

    /// Reads until so many bytes are there, or the end.
    func read(count: Int) async -> [UInt8] {
        let handle = standardOutput
        return await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var bytes: [UInt8] = []
                while bytes.count < count {
                    let part = handle.availableData
                    if part.isEmpty { break }
                    bytes += part
                }
                continuation.resume(returning: bytes)
            }
        }
    }

    /// Ends it for sure: the event loops' threads, which may start it, block all milder signals.
    func stop() {
        if process.isRunning { _ = kill(process.processIdentifier, SIGKILL) }
    }

    /// Runs to the end; throws if it fails.
    @discardableResult
    static func run(_ arguments: [String]) async throws -> [UInt8] {
        let command = try OpenSSLCommand(arguments)
        command.closeInput()
        let (output, status) = await command.finish()
        guard status == 0 else {
            throw Overdue(description: "openssl \(arguments.first ?? "") failed")
        }
        return output
    }
}
