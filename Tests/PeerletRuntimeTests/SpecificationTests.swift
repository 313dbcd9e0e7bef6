import Foundation
import PeerletBytecode
import Testing

/// `Spec/abi.md` says what the table of host calls says.
@Suite struct SpecificationTests {
    private static let page: [String] = {
        let path = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Spec/abi.md").standardized
        return try! String(contentsOf: path, encoding: .utf8).components(separatedBy: "\n")
    }()

    /// Cells of the table rows whose first cell is in backquotes or a number.
    private static let rows: [[String]] = page.filter { $0.hasPrefix("|") }.map { line in
        line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    private static func code(_ cell: String) -> String {
        cell.trimmingCharacters(in: CharacterSet(charactersIn: "`"))
    }

    @Test(arguments: HostABI.rows.map(\.name)) func `a host call's row`(name: String) throws {
        let call = try #require(HostABI.call(named: name))
        let info = HostABI.info(call)
        let row = try #require(Self.rows.first { $0.count >= 5 && $0[0] == "`\(name)`" })
        let parameters = row[1].replacing("?", with: "").split(separator: " ").map(String.init)
        #expect(parameters == info.parameters)
        let rates: [String: (UInt64, UInt64)] = Dictionary(
            uniqueKeysWithValues: Self.rows.compactMap { row in
                guard row.count == 3, row[0].wholeMatch(of: /[A-H] [a-z]+/) != nil,
                    let base = UInt64(row[1].replacing(",", with: "")), let per = UInt64(row[2])
                else { return nil }
                return (String(row[0].prefix(1)), (base, per))
            }
        )
        #expect(rates.count == 8)
        let priceClass = try #require(rates[row[4]])
        #expect(info.price.base == priceClass.0)
        #expect(info.price.bytesPerFuel == priceClass.1)
        let size = row.count > 5 ? row[5] : ""
        let parameter = info.price.sizeParameter.map { info.parameters[$0] } ?? ""
        #expect(size == (info.price.unit == 1 ? parameter : "\(parameter) × \(info.price.unit)"))
    }

    @Test(arguments: Upcall.allCases) func `an upcall's row`(upcall: Upcall) throws {
        let row = try #require(
            Self.rows.first { $0.count == 5 && $0[1] == "`\(upcall.name)`" }
        )
        #expect(row[0] == "\(upcall.rawValue)")
        #expect(row[2] == upcall.parameters.joined(separator: ", "))
    }

    @Test func `every error is in the table`() {
        let text = Self.page.joined(separator: "\n")
        for error in HostError.allCases { #expect(text.contains("| \(error.rawValue) |")) }
    }
}
