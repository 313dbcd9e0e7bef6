internal import ArgumentParser
internal import Cryptography
internal import Foundation
internal import KBR
internal import NIOCore
internal import PROSTNode
internal import PeerletPackage
internal import Wire

/// A method of a peerlet, called at a node.
struct CallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Call a method of a peerlet.",
        discussion: """
            EXAMPLES
              prost call dht put --key colour --payload blue
              prost call dht put --key picture --file picture.png
              prost call dht get --key picture --output copy.png
            """
    )

    @Argument(help: "The application's name, or the first digits of its identifier.")
    var application: String
    @Argument(help: "The method's name, or a message type.")
    var method: String
    @Option(name: .long, help: "A name; its SHA-256 is the key. Without --key and --id: zero.")
    var key: String?
    @Option(name: .long, help: "The key itself, 64 hexadecimal digits.")
    var id: String?
    @Option(name: .long, help: "The payload as text.")
    var payload: String?
    @Option(name: .long, help: "The payload from a file; - is standard input.")
    var file: String?
    @Option(name: .long, help: "Write the answer's payload to a file.")
    var output: String?
    @Option(name: .long, help: "Fuel for everything the call causes.")
    var fuel: UInt64 = 4_000_000
    @Option(name: .long, help: "Milliseconds to wait for the answer.")
    var timeout: UInt32 = 10_000
    @OptionGroup var target: NodeTarget

    func run() async throws {
        try await reporting(asJSON: target.json) {
            let call = ClientCall(
                application: application,
                method: method,
                key: try ringKey(),
                payload: try readPayload(),
                fuel: fuel,
                timeoutMilliseconds: timeout
            )
            let client = try await NodeClient.connect(target)
            if !target.json { Terminal.error("→ node at \(client.path) (from \(client.origin))") }
            var parts: [UInt8] = []
            let response = try await client.ask(
                .call(call),
                within: .milliseconds(Int64(timeout) + 5000)
            ) { part in
                if case .bytes(let bytes)? = part.document["payload"] { parts += bytes }
            }
            await client.close()
            let document = try response.goodDocument()
            if case .bytes(let bytes)? = document["payload"] { parts += bytes }
            try show(document, parts)
        }
    }

    private func ringKey() throws -> Identifier {
        switch (key, id) {
        case (let name?, nil): return Identifier.key(named: name)
        case (nil, let digits?):
            guard let key = Identifier(hexadecimal: digits) else {
                throw CommandFailure(.usage, "--id takes 64 hexadecimal digits")
            }
            return key
        case (nil, nil): return .zero
        default: throw CommandFailure(.usage, "--key and --id exclude each other")
        }
    }

    private func readPayload() throws -> [UInt8] {
        if payload != nil, file != nil {
            throw CommandFailure(.usage, "--payload and --file exclude each other")
        }
        guard let file else { return Array((payload ?? "").utf8) }
        let handle =
            file == "-" ? FileHandle.standardInput : FileHandle(forReadingAtPath: file)
        guard let handle else { throw CommandFailure(.noInput, "cannot read \(file)") }
        let data = try handle.read(upToCount: WireLimits.payload + 1) ?? Data()
        guard data.count <= WireLimits.payload else {
            throw CommandFailure(
                .badInput,
                "\(file) is larger than a message may be (\(WireLimits.payload) bytes)",
                hint: "store it in parts under keys of their own"
            )
        }
        return Array(data)
    }

    private func show(_ document: Document, _ bytes: [UInt8]) throws {
        if let output {
            guard FileManager.default.createFile(atPath: output, contents: Data(bytes)) else {
                throw CommandFailure(.cannotCreate, "cannot write \(output)")
            }
        }
        if target.json { return print(JSONText.pretty(document)) }
        Terminal.error(
            "ok  status \(document.text("status"))  node \(document.short("node"))  "
                + "hops \(document.text("hops"))  fuel \(document.text("fuel"))"
        )
        guard output == nil, !bytes.isEmpty else { return }
        let isText = String(validating: bytes, as: UTF8.self)?.unicodeScalars.allSatisfy {
            $0.value >= 32 || $0 == "\n" || $0 == "\t"
        }
        if isText == true || isatty(STDOUT_FILENO) == 0 {
            FileHandle.standardOutput.write(Data(bytes))
            if isText == true, bytes.last != 10 { print() }
        } else {
            print(Hexadecimal.text(bytes))
        }
    }
}
