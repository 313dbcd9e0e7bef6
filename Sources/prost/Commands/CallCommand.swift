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
              prost call dht put --key colour --payload blue --node n1
              prost call dht put --key picture --file picture.png --node n1
              prost call dht get --key picture --output copy.png --node n1

            An answer that is no text is shown as digits; --output takes it as it is.
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
    @Option(name: .long, help: "Write the answer's bytes to a file; - is standard output.")
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
            target.output.note("→ node at \(client.path) (from \(client.origin))")
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
        return try InputFile.read(
            file,
            limit: WireLimits.payload,
            hint: "a message takes no more; store it in parts under keys of their own"
        )
    }

    private func show(_ document: Document, _ bytes: [UInt8]) throws {
        if let output, output != "-" {
            guard FileManager.default.createFile(atPath: output, contents: Data(bytes)) else {
                throw CommandFailure(.cannotCreate, "cannot write \(output)")
            }
        }
        if target.json { return print(JSONText.pretty(document)) }
        let isNumber = AnswerText.isNumber(bytes)
        target.output.note(
            "ok  status \(document.text("status"))  node \(document.short("node"))  "
                + "hops \(document.text("hops"))  fuel \(document.text("fuel"))"
                + (isNumber && output == nil ? "  answer: 8 bytes, shown as a number" : "")
        )
        if output == "-" {
            FileHandle.standardOutput.write(Data(bytes))
        } else if output == nil, !bytes.isEmpty {
            let text = AnswerText.text(bytes)
            print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
        }
    }
}

/// An answer's bytes as a person reads them.
enum AnswerText {
    /// Text as it is, eight bytes as the number that peerlets mean by them, others as digits.
    static func text(_ bytes: [UInt8]) -> String {
        if let text = plain(bytes) { return text }
        guard isNumber(bytes) else { return "\(bytes.count) bytes: \(Hexadecimal.text(bytes))" }
        return "\(bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })"
    }

    static func isNumber(_ bytes: [UInt8]) -> Bool { bytes.count == 8 && plain(bytes) == nil }

    private static func plain(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ $0.value >= 32 || $0 == "\n" || $0 == "\t" })
        else { return nil }
        return text
    }
}
