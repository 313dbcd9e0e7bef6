import Foundation
import Testing

@Suite struct SpecificationTests {
    @Test func `every specification is listed in the index`() {
        let index = Repository.file("Spec/README.md").text
        for file in Repository.specifications where file.path != "Spec/README.md" {
            let name = String(file.path.dropFirst("Spec/".count))
            #expect(index.contains("(\(name))"), "\(name)")
        }
    }

    @Test func `every page that the index links exists`() {
        let links = Self.links(Repository.file("Spec/README.md").text)
        #expect(!links.isEmpty)
        for link in links { #expect(Repository.exists("Spec/\(link)"), "\(link)") }
    }

    @Test func `every section that the code cites exists`() throws {
        let pattern = try NSRegularExpression(
            pattern: #"Spec/([A-Za-z0-9/-]+\.md)`?(?:,? §([0-9]+(?:\.[0-9]+)*))?"#
        )
        var count = 0
        for file in Repository.textFiles where !file.path.hasPrefix("Tests/TidyTests/") {
            for (name, section) in Self.matches(pattern, in: file.text) {
                count += 1
                check(name, section, in: file.path)
            }
        }
        #expect(count > 100)
    }

    @Test func `every section that one specification cites of another exists`() throws {
        let pattern = try NSRegularExpression(
            pattern: #"`([a-z/-]+\.md)`(?:,? §([0-9]+(?:\.[0-9]+)*))?"#
        )
        for file in Repository.specifications {
            let folder = file.path.split(separator: "/").dropFirst().dropLast()
                .map { "\($0)/" }.joined()
            for (name, section) in Self.matches(pattern, in: file.text) {
                let isNear = Repository.exists("Spec/\(folder)\(name)")
                check(isNear ? folder + name : name, section, in: file.path)
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

    private func check(_ name: String, _ section: String?, in path: String) {
        guard let sections = Self.sections[name] else {
            Issue.record("\(path) cites Spec/\(name), which does not exist")
            return
        }
        if let section, !sections.contains(section) {
            Issue.record("\(path) cites Spec/\(name) §\(section), which does not exist")
        }
    }

    /// Numbers of the headings of each page under `Spec`.
    private static let sections: [String: Set<String>] = Dictionary(
        uniqueKeysWithValues: Repository.specifications.map { file in
            let numbers = file.lines.filter { $0.hasPrefix("#") }.compactMap { line in
                line.drop { $0 == "#" || $0 == " " }.split(separator: " ").first
                    .map { $0.hasSuffix(".") ? String($0.dropLast()) : String($0) }
            }
            return (String(file.path.dropFirst("Spec/".count)), Set(numbers))
        }
    )

    private static func matches(
        _ pattern: NSRegularExpression,
        in text: String
    ) -> [(String, String?)] {
        let whole = NSRange(text.startIndex..., in: text)
        return pattern.matches(in: text, range: whole).compactMap { match in
            guard let name = Range(match.range(at: 1), in: text) else { return nil }
            let section = Range(match.range(at: 2), in: text).map { String(text[$0]) }
            return (String(text[name]), section)
        }
    }

    static func links(_ text: String) -> [String] {
        text.components(separatedBy: "](").dropFirst().map { $0.components(separatedBy: ")")[0] }
            .filter { !$0.contains("://") && !$0.hasPrefix("#") }
            .map { $0.components(separatedBy: "#")[0] }
    }
}
