import Foundation
import Testing

@Suite struct LayerTests {
    @Test func `every target has a row with its layer and purpose`() {
        let listed = Set(LayerTable.rows.map(\.target))
        #expect(listed == Set(Repository.manifest.targets.keys))
        for row in LayerTable.rows { #expect(row.purpose.count > 10, "\(row.target)") }
    }

    @Test func `the dependencies of each target are those of the table`() throws {
        #expect(!LayerTable.rows.isEmpty)
        for row in LayerTable.rows {
            let target = try #require(Repository.manifest.targets[row.target])
            #expect(target.dependencies == row.imports, "\(row.target)")
            #expect(target.products == row.products, "\(row.target)")
        }
    }

    @Test func `a target imports only lower layers, and of its own only what the table lists`() {
        for row in LayerTable.rows {
            for name in row.imports {
                let layer = LayerTable.layers[name] ?? Int.max
                #expect(layer <= row.layer, "\(row.target) imports \(name)")
            }
            let reached = Repository.manifest.targets[row.target]?.dependencies ?? []
            for name in reached {
                let back = Repository.manifest.closure(of: name).targets
                #expect(!back.contains(row.target), "\(row.target) and \(name) form a cycle")
            }
        }
    }

    @Test func `the imports of every file are dependencies of its target`() throws {
        let system: Set = [
            "Foundation", "FoundationNetworking", "Glibc", "Synchronization", "Dispatch", "NIOTLS",
        ]
        var count = 0
        for file in Repository.sources {
            let name = String(file.path.split(separator: "/")[1])
            let target = try #require(Repository.manifest.targets[name], "\(file.path)")
            let allowed = target.dependencies.union(target.products).union(system)
            for line in file.codeLines {
                guard let module = Self.importedModule(line) else { continue }
                count += 1
                #expect(allowed.contains(module), "\(file.path) imports \(module)")
            }
        }
        #expect(count > 100)
    }

    @Test func `every import says how visible it is`() {
        for file in Repository.sources {
            for line in file.codeLines where line.hasPrefix("import ") || line.contains("@testable")
            {
                Issue.record("\(file.path): \(line)")
            }
        }
    }

    /// Every program but `prost`, whose business sockets are.
    @Test func `a program without sockets links no library for them`() {
        let programs = Repository.manifest.targets.filter {
            $0.value.kind == "executableTarget" && $0.key != "prost"
        }
        #expect(programs["prost-asm"] != nil && programs["prost-sim"] != nil)
        for program in programs.keys.sorted() { checkLinks(of: program) }
    }

    private func checkLinks(of program: String) {
        let linked = Repository.manifest.closure(of: program)
        #expect(linked.products.isSubset(of: ["ArgumentParser", "Yams"]), "\(linked.products)")
        #expect(linked.targets.isDisjoint(with: ["PROSTTransport", "PROSTService"]))
    }

    static func importedModule(_ line: String) -> String? {
        let words = line.split(separator: " ").map(String.init)
        guard let index = words.firstIndex(of: "import"), index <= 2, index + 1 < words.count,
            words[..<index].allSatisfy({
                $0.hasPrefix("@")
                    || ["internal", "package", "public", "private", "fileprivate"]
                        .contains($0)
            })
        else { return nil }
        let kinds: Set = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
        let name = kinds.contains(words[index + 1]) ? words.last : words[index + 1]
        return name.flatMap { $0.split(separator: ".").first }.map(String.init)
    }
}
