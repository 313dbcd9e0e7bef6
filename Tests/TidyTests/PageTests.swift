import Foundation
import Testing

@Suite struct PageTests {
    @Test func `the files on a message's way exist`() {
        let page = LayerTable.page.text
        let way = page.components(separatedBy: "## Follow one message").dropFirst().first ?? ""
        let files = LayerTable.names(way).filter { $0.hasSuffix(".swift") }
        #expect(files.count > 15)
        for file in files { #expect(Repository.exists("Sources/\(file)"), "\(file)") }
    }

    @Test(arguments: ["README.md", "CONTRIBUTING.md", "Sources/README.md"])
    func `a page links only what exists`(path: String) {
        let file = Repository.file(path)
        #expect(!file.bytes.isEmpty)
        let folder = path.hasPrefix("Sources/") ? "Sources/" : ""
        for link in SpecificationTests.links(file.text) {
            let target = (folder + link).replacingOccurrences(of: "Sources/../", with: "")
            #expect(Repository.exists(target), "\(link)")
        }
    }

    @Test func `every script names its interpreter and ends with a new line`() throws {
        let folder = Repository.root.appendingPathComponent("Scripts").path
        for name in try FileManager.default.contentsOfDirectory(atPath: folder)
        where name.hasSuffix(".sh") {
            let file = Repository.file("Scripts/\(name)")
            #expect(file.text.hasPrefix("#!/"), "\(name)")
            #expect(file.text.hasSuffix("\n"), "\(name)")
        }
    }
}
