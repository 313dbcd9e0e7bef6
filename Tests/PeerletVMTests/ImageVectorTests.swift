import Foundation
import PeerletBytecode
import PeerletVM
import Testing
import Wire

/// Images to refuse and to accept (`Spec/isa/validation.md` §4).
@Suite(.serialized) struct ImageVectorTests {
    /// Why bytes are refused as a program: the rule and the place, as the vectors have them.
    static func refusal(_ bytes: [UInt8]) -> (rule: String?, place: String)? {
        let image: ProgramImage
        do throws(WireError) {
            image = try ProgramImage(wireBytes: bytes, "image")
        } catch { return (nil, "encoding") }
        do throws(VerificationError) {
            _ = try Verifier.verify(image)
            return nil
        } catch {
            let place = [error.function, error.offset].compactMap { $0 }.map { "\($0)" }
            return ("V\(error.rule.number)", place.isEmpty ? "-" : place.joined(separator: ":"))
        }
    }

    static func line(_ rule: ValidationRule, _ image: ProgramImage) -> String {
        let bytes = image.wireBytes
        return "V\(rule.number) | \(refusal(bytes)?.place ?? "-") | \(HexadecimalWords.text(bytes))"
    }

    static func lines(_ text: String) -> [[String]] {
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.components(separatedBy: " | ") }
    }

    @Test func `the invalid images are refused by the rule and at the place they name`() throws {
        let cases = ValidationTests.imageCases + ValidationTests.codeCases
        // In the order of the rules, which is that of the specification.
        let rules =
            cases.map { ($0.rule, $0.bad) }
            + ValidationTests.otherBadCode.map { ($0, ValidationTests.code($1)) }
        var made = ["# rule | place | image (Spec/isa/validation.md)"]
        made += ValidationRule.allCases.flatMap { rule in
            rules.filter { $0.0 == rule }.map { Self.line(rule, $0.1) }
        }
        for (bytes, field) in ImageTests.malformed where !bytes.isEmpty {
            made.append("encoding | \(field) | \(HexadecimalWords.text(bytes))")
        }
        let lines = Self.lines(try VectorTests.published("invalid.txt", made))
        for line in lines {
            let bytes = try #require(HexadecimalWords.bytes(line[2]))
            let found = try #require(Self.refusal(bytes), "\(line[0]) is accepted")
            if line[0] == "encoding" {
                #expect(found.place == "encoding")
            } else {
                #expect(found.place == line[1])
                #expect(found.rule == line[0] || line[1] == "encoding")
            }
        }
        let named = Set(lines.map { $0[0] })
        #expect(named == Set(ValidationRule.allCases.map { "V\($0.number)" } + ["encoding"]))
        // What decoding lets pass, the verifier has to find.
        let early = Set(lines.filter { $0[1] == "encoding" }.map { $0[0] })
        #expect(early == ["V1", "V2", "V6", "V11", "V12", "V16"])
    }

    @Test func `the valid images keep their rules`() throws {
        let cases = ValidationTests.imageCases + ValidationTests.codeCases
        let made =
            ["# rule | place | image (Spec/isa/validation.md)"]
            + cases.map { Self.line($0.rule, $0.good) }
        let lines = Self.lines(try VectorTests.published("valid.txt", made))
        for line in lines {
            let bytes = try #require(HexadecimalWords.bytes(line[2]))
            #expect(Self.refusal(bytes) == nil, "\(line[0])")
        }
        #expect(lines.map { $0[0] } == ValidationRule.allCases.map { "V\($0.number)" })
    }

    @Test func `words and their repetitions stand for their bytes`() {
        var random = SeededRandom(11)
        for _ in 0..<300 {
            var bytes: [UInt8] = []
            for _ in 0..<random.below(4) {
                let word = (0...random.below(10)).map { _ in UInt8(random.below(3)) }
                for _ in 0...random.below(20) { bytes += word }
            }
            let text = HexadecimalWords.text(bytes)
            #expect(HexadecimalWords.bytes(text) == bytes, "\(text)")
        }
        let long = HexadecimalWords.text([1] + Array(repeating: 0, count: 99) + [2])
        #expect(long == "01 00*99 02")
        #expect(HexadecimalWords.bytes("0") == nil)
        #expect(HexadecimalWords.bytes("00*x") == nil)
    }
}

/// Hexadecimal words with repetitions: `01 0002*300 ff`.
enum HexadecimalWords {
    static func text(_ bytes: [UInt8]) -> String {
        var words: [String] = []
        var plain: [UInt8] = []
        var index = 0
        while index < bytes.count {
            guard let (width, count) = repetition(bytes, at: index) else {
                plain.append(bytes[index])
                index += 1
                continue
            }
            if !plain.isEmpty { words.append(Hexadecimal.text(plain)) }
            plain = []
            words.append(Hexadecimal.text(Array(bytes[index..<index + width])) + "*\(count)")
            index += width * count
        }
        if !plain.isEmpty { words.append(Hexadecimal.text(plain)) }
        return words.joined(separator: " ")
    }

    /// The longest repetition of the shortest word that begins here and is worth its text.
    private static func repetition(_ bytes: [UInt8], at start: Int) -> (width: Int, count: Int)? {
        var best: (width: Int, count: Int)?
        for width in 1...8 where start + width <= bytes.count {
            var end = start + width
            while end < bytes.count, bytes[end] == bytes[end - width] { end += 1 }
            let count = (end - start) / width
            guard count > 1, count * width >= 16 + width else { continue }
            if count * width > (best.map { $0.width * $0.count } ?? 0) { best = (width, count) }
        }
        return best
    }

    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "*")
            guard let part = Hexadecimal.bytes(String(parts[0])),
                let count = parts.count == 1 ? 1 : Int(parts[1])
            else { return nil }
            for _ in 0..<count { bytes += part }
        }
        return bytes
    }
}
