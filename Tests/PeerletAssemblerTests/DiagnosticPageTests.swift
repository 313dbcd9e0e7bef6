import Foundation
import PeerletAssembler
import Testing

@Suite struct DiagnosticPageTests {
    @Test func `the specification lists every diagnostic code with its meaning`() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appendingPathComponent("Spec/assembly-language.md"),
            encoding: .utf8
        )
        let listed = page.components(separatedBy: "\n").filter { $0.hasPrefix("| PA") }
        #expect(
            listed == DiagnosticCode.allCases.map { "| \($0.rawValue) | \($0.meaning) |" }
        )
    }
}
