internal import ArgumentParser
internal import Cryptography
internal import Foundation
internal import PeerletAssembler

struct NewCommand: FileCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a project: main.pasm, the library, a README.",
        discussion: "Example: prost-asm new hello && prost-asm build hello"
    )

    @Argument(help: "Name of the application and of the folder: a-z 0-9 . _ -")
    var name: String

    @Option(
        help: "What to begin with: \(Template.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var template = Template.hello

    @Option(name: .shortAndLong, help: "Folder to make; default ./NAME.")
    var out: String?

    @OptionGroup var output: OutputOptions

    private struct Report: Encodable { let files: [String] }

    func execute() throws(CommandFailure) {
        guard ApplicationName.isValid(name) else {
            throw .usage("\(name): a name is 1 to 64 of a-z 0-9 . _ -")
        }
        let folder = out ?? name
        guard !Files.exists(folder) else {
            throw CommandFailure(code: .cannotCreate, name: "exists", message: "\(folder) exists")
        }
        var files: [(String, String)] = [
            ("main.pasm", template.source.replacing("NAME", with: name)),
            ("README.md", Template.readme.replacing("NAME", with: name)),
            (".gitignore", ".prost/\n*.peerlet\n*.srcmap\n"),
        ]
        for library in StandardLibrary.names {
            if let text = StandardLibrary.text(of: library) {
                files.append(("lib/\(library)", text))
            }
        }
        for (path, text) in files {
            let whole = SearchPathResolver.join(folder, path)
            try Files.makeFolder(SearchPathResolver.folder(of: whole))
            try Files.write(Array(text.utf8), to: whole)
        }
        output.result("created \(folder)/ (\(files.map(\.0).joined(separator: ", ")))")
        output.result("next: prost dev \(folder)")
        if output.json { output.printJSON(Report(files: files.map { "\(folder)/\($0.0)" })) }
    }
}

enum Template: String, ExpressibleByArgument, CaseIterable {
    case hello, counter, empty

    var source: String {
        switch self {
        case .hello: Self.helloSource
        case .counter: Self.counterSource
        case .empty: Self.emptySource
        }
    }

    private static let helloSource = """
        .prost 1
        .name "NAME"
        .version "0.1.0"
        .type end-node

        include "std.inc"
        import kbr.reply

        bss answer[512]
        bss writer: Writer

        ; A request from a client of this node: answers "hello, " and what was sent.
        upcall client(ev: Event)
          writer_open(writer, span(answer))
          put_bytes(writer, span("hello, "))
          put_bytes(writer, ev.payload, ev.len)
          let length = writer_length(writer)
          if length < 0
            kbr.reply(ev.reply, length, 0, 0, 0)
          else
            kbr.reply(ev.reply, OK, answer, length, 0)
          end
        end

        ; prost-asm run NAME --call double --arg 21
        export proc double(n) -> 1
          return n * 2
        end

        """

    private static let counterSource = """
        .prost 1
        .name "NAME"
        .version "0.1.0"
        .type end-node
        .store overlay

        include "std.inc"
        import kbr.reply, st.get, st.put

        struct Total { value: u64 }

        data key: "total"
        bss total: Total

        ; Counts requests on this node; the total is kept in the node's store.
        upcall client(ev: Event)
          let length = st.get(span(key), 0, span(total), 0)
          if length == E_NOENT
            total.value = 0
          elif length < 0
            kbr.reply(ev.reply, length, 0, 0, 0)
            return 0
          end
          total.value += 1
          let status = st.put(span(key), span(total), TTL_NEVER, 0, 0)
          if status < 0
            kbr.reply(ev.reply, status, 0, 0, 0)
          else
            kbr.reply(ev.reply, OK, span(total), 0)
          end
        end

        """

    private static let emptySource = """
        .prost 1
        .name "NAME"
        .version "0.1.0"
        .type end-node

        include "std.inc"

        upcall deliver(ev: Event)
        end

        """

    static let readme = """
        # NAME

        A peerlet for PROST.

            prost-asm check .        look for mistakes
            prost-asm build .        write NAME.peerlet, signed with a development key
            prost-asm inspect NAME.peerlet
            prost dev .              run it in a ring on this machine

        The language is specified in Spec/assembly-language.md, the calls of the host in Spec/abi.md.

        """
}
