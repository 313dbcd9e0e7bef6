import Foundation
import Testing

@Suite struct SpecificationTests {
    @Test func `every specification is listed in the index`() {
        let index = Repository.file("Spec/README.md").text
        let decisions = Repository.file("Spec/decisions/README.md").text
        for file in Repository.specifications where !file.path.hasSuffix("/README.md") {
            let name = String(file.path.dropFirst("Spec/".count))
            if name.hasPrefix("decisions/") {
                let page = name.dropFirst("decisions/".count)
                #expect(decisions.contains("(\(page))"), "\(name)")
            } else {
                #expect(index.contains("(\(name))"), "\(name)")
            }
        }
    }

    @Test func `every page that the index links exists`() {
        let links = Self.links(Repository.file("Spec/README.md").text)
        #expect(!links.isEmpty)
        for link in links { #expect(Repository.exists("Spec/\(link)"), "\(link)") }
    }

    @Test func `every section that the code cites exists`() throws {
        let pattern = try NSRegularExpression(
            pattern: #"Spec/([A-Za-z0-9/-]+\.md)`?((?:(?:,| and)? §[0-9]+(?:\.[0-9]+)*)*)"#
        )
        var count = 0
        for file in Repository.textFiles where !file.path.hasPrefix("Tests/TidyTests/") {
            for (name, cited) in Self.matches(pattern, in: file.text) {
                count += 1
                check(name, cited, in: file.path)
            }
        }
        #expect(count > 100)
    }

    @Test func `every section that one specification cites of another exists`() throws {
        let pattern = try NSRegularExpression(
            pattern: #"`([a-z/-]+\.md)`((?:(?:,| and)? §[0-9]+(?:\.[0-9]+)*)*)"#
        )
        for file in Repository.specifications {
            let folder = file.path.split(separator: "/").dropFirst().dropLast()
                .map { "\($0)/" }.joined()
            for (name, cited) in Self.matches(pattern, in: file.text) {
                let isNear = Repository.exists("Spec/\(folder)\(name)")
                check(isNear ? folder + name : name, cited, in: file.path)
            }
        }
    }

    @Test func `the vectors have an entry in the index`() throws {
        let index = Repository.file("Spec/README.md").text
        let folder = Repository.root.appendingPathComponent("Spec/vectors").path
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            #expect(index.contains("vectors/\(name)"), "\(name)")
        }
    }

    /// Tests are chosen by module, suite and file.
    @Test func `one command makes all vectors anew`() throws {
        let script = Repository.file("Scripts/vectors.sh").text
        let filters = try script.components(separatedBy: "'").filter { $0.contains("Tests") }
            .map { try NSRegularExpression(pattern: $0) }
        let writers = Repository.textFiles.filter { file in
            file.path.hasSuffix("Tests.swift") && !file.path.hasPrefix("Tests/TidyTests/")
                && ["Vectors.check(", ".published(", "PROST_REWRITE\"]", ".section("].contains {
                    file.text.contains($0)
                }
        }
        #expect(writers.count > 8)
        for writer in writers {
            let words = writer.path.split(separator: "/")
            let name = "\(words[1]).\(words.last?.split(separator: ".").first ?? "")"
            let range = NSRange(name.startIndex..., in: name)
            let isChosen = filters.contains { $0.firstMatch(in: name, range: range) != nil }
            #expect(isChosen, "\(writer.path)")
        }
    }

    private func check(_ name: String, _ cited: [String], in path: String) {
        guard let sections = Self.sections[name] else {
            Issue.record("\(path) cites Spec/\(name), which does not exist")
            return
        }
        for section in cited where !sections.contains(section) {
            Issue.record("\(path) cites Spec/\(name) §\(section), which does not exist")
        }
    }

    /// What "§" may name: numbered headings of each page, and numbered items under them (5.1).
    ///
    /// Bold numbers at the start of a paragraph count too.
    private static let sections: [String: Set<String>] = Dictionary(
        uniqueKeysWithValues: Repository.specifications.map { file in
            var numbers = Set<String>()
            var heading = ""
            for line in file.lines {
                let number = leadingNumber(line.drop { "#* ".contains($0) })
                guard let number else { continue }
                if line.hasPrefix("#") {
                    heading = number
                    numbers.insert(number)
                } else if line.hasPrefix("**") {
                    numbers.insert(number)
                } else if line.first?.isNumber == true {
                    numbers.insert("\(heading).\(number)")
                }
            }
            return (String(file.path.dropFirst("Spec/".count)), numbers)
        }
    )

    /// The number that a heading or item begins with.
    private static func leadingNumber(_ text: Substring) -> String? {
        guard let word = text.split(separator: " ").first,
            word.allSatisfy({ $0.isNumber || $0 == "." }), word.first?.isNumber == true
        else { return nil }
        return word.hasSuffix(".") ? String(word.dropLast()) : String(word)
    }

    private static func matches(
        _ pattern: NSRegularExpression,
        in text: String
    ) -> [(String, [String])] {
        let whole = NSRange(text.startIndex..., in: text)
        return pattern.matches(in: text, range: whole).compactMap { match in
            guard let name = Range(match.range(at: 1), in: text) else { return nil }
            let rest = Range(match.range(at: 2), in: text).map { String(text[$0]) } ?? ""
            let numbers = rest.components(separatedBy: "§").dropFirst()
                .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " ,and")) }
            return (String(text[name]), numbers)
        }
    }

    static func links(_ text: String) -> [String] {
        text.components(separatedBy: "](").dropFirst().map { $0.components(separatedBy: ")")[0] }
            .filter { !$0.contains("://") && !$0.hasPrefix("#") }
            .map { $0.components(separatedBy: "#")[0] }
    }
}
