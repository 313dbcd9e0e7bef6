import Foundation
import Testing

@Suite struct LengthTests {
    static let softLimit = 300
    static let hardLimit = 600
    static let functionLimit = 80
    static let columnLimit = 100
    static let literalColumnLimit = 120

    @Test func `a file longer than 300 lines is listed with a reason`() {
        for file in Repository.swiftFiles {
            let length = file.lines.count - 1
            #expect(length <= Self.hardLimit, "\(file.path) has \(length) lines")
            if length > Self.softLimit {
                #expect(
                    LongFiles.reasons[file.path] != nil,
                    "\(file.path) has \(length) lines and is not listed"
                )
            }
        }
    }

    @Test func `the list of long files names only long files`() {
        for path in LongFiles.reasons.keys.sorted() {
            let length = Repository.file(path).lines.count - 1
            #expect(length > Self.softLimit, "\(path) has \(length) lines")
        }
    }

    @Test func `a function fits a screen`() {
        var count = 0
        for file in Repository.swiftFiles where file.path != "Package.swift" {
            for function in FunctionScanner.functions(in: file.codeLines) {
                count += 1
                guard LongFiles.functions["\(file.path) \(function.name)"] == nil else { continue }
                #expect(
                    function.length <= Self.functionLimit,
                    "\(file.path):\(function.line) has \(function.length) lines"
                )
            }
        }
        #expect(count > 1000)
    }

    /// The formatter does not break string literals; a line with one may have 120.
    @Test func `no line is longer than 100 columns`() {
        for file in Repository.swiftFiles {
            for (index, line) in file.lines.enumerated() where line.utf8.count > Self.columnLimit {
                let column = line.unicodeScalars.count
                let isComment = line.drop { $0 == " " }.hasPrefix("//")
                let hasLiteral = !isComment && line != file.codeLines[index]
                if column > (hasLiteral ? Self.literalColumnLimit : Self.columnLimit) {
                    Issue.record("\(file.path):\(index + 1) has \(column) columns")
                }
            }
        }
    }
}

/// Finds functions by the indentation that the formatter guarantees.
enum FunctionScanner {
    struct Function {
        /// Counted from 1.
        let line: Int
        /// From the first line of the declaration to its closing brace.
        let length: Int
        let name: String
    }

    static func functions(in lines: [String]) -> [Function] {
        var result: [Function] = []
        for (start, line) in lines.enumerated() where isDeclaration(line) {
            let margin = String(line.prefix { $0 == " " })
            var index = start
            while !lines[index].hasSuffix("{") {
                let isHead = index == start || !lines[index].hasPrefix(margin + "}")
                guard isHead, index + 1 < lines.count, !lines[index].hasSuffix("}"),
                    continues(lines[index + 1], margin: margin)
                else { break }
                index += 1
            }
            guard lines[index].hasSuffix("{"),
                let end = lines[(index + 1)...].firstIndex(where: { $0.hasPrefix(margin + "}") })
            else { continue }
            let name = line.components(separatedBy: "func ").last ?? ""
            result.append(
                Function(
                    line: start + 1,
                    length: end - start + 1,
                    name: String(name.prefix { $0 != "(" && $0 != "<" })
                )
            )
        }
        return result
    }

    private static func isDeclaration(_ line: String) -> Bool {
        let words = line.trimmingCharacters(in: .whitespaces)
        guard words.contains("func ") || words.contains("init") else { return false }
        return words.split(separator: " ").prefix(6).contains {
            $0 == "func" || $0.hasPrefix("init(") || $0.hasPrefix("init?(")
        } && !words.hasPrefix("self.") && !words.hasPrefix(".")
    }

    /// A declaration goes on over deeper lines and the line that closes its parameters.
    private static func continues(_ line: String, margin: String) -> Bool {
        line.hasPrefix(margin + " ") || line.hasPrefix(margin + ")")
            || line.hasPrefix(margin + "{") || line.hasPrefix(margin + "where")
    }
}
