import Foundation
import Testing
import Wire

/// Files of test vectors in `Spec/vectors`: the tests check them and, with `PROST_REWRITE=1`,
/// write them anew (`Scripts/vectors.sh`).
enum Vectors {
    static let isRewriting = ProcessInfo.processInfo.environment["PROST_REWRITE"] == "1"

    private static func url(_ name: String) -> URL {
        URL(filePath: #filePath)
            .deletingLastPathComponent()
            .appending(path: "../../Spec/vectors/\(name)")
            .standardizedFileURL
    }

    /// Expects that the file holds exactly `value`.
    static func check<Value: Codable>(_ name: String, _ value: Value) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
        if isRewriting { try text.write(to: url(name), atomically: true, encoding: .utf8) }
        let stored = try String(contentsOf: url(name), encoding: .utf8)
        #expect(stored == text, "\(name) differs; Scripts/vectors.sh makes it anew")
    }

    static func read<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(contentsOf: url(name)))
    }
}

func hex(_ bytes: [UInt8]) -> String { Hexadecimal.text(bytes) }
func unhex(_ text: String) -> [UInt8] { Hexadecimal.bytes(text)! }

extension Array where Element == UInt8 {
    func flipping(bit: Int) -> [UInt8] {
        var copy = self
        copy[bit / 8] ^= 1 << UInt8(bit % 8)
        return copy
    }
}
