/// "Did you mean": the nearest of known names by edit distance.
package enum Suggestion {
    /// The candidate with the fewest edits from `word`, if few enough; the first of equals.
    ///
    /// Case does not count as an edit.
    package static func nearest(to word: String, among candidates: some Sequence<String>) -> String?
    {
        let limit = max(1, word.utf8.count / 3)
        // Names are short and few; foreign text with many long ones must not take long.
        guard word.utf8.count <= 32 else { return nil }
        var best: (distance: Int, name: String)?
        for candidate in candidates.prefix(2048) where candidate != word && candidate.utf8.count > 1
        {
            let difference = candidate.utf8.count - word.utf8.count
            guard abs(difference) <= limit else { continue }
            let distance = editDistance(folded(word), folded(candidate))
            if distance <= limit, distance < word.utf8.count,
                best.map({ distance < $0.distance }) ?? true
            {
                best = (distance, candidate)
            }
        }
        return best?.name
    }

    private static func folded(_ word: String) -> [UInt8] {
        word.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }

    /// Insertions, deletions, replacements and exchanges of neighbours.
    static func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before = [Int](repeating: 0, count: right.count + 1)
        var previous = Array(0...right.count)
        for i in 0..<left.count {
            var row = [i + 1] + [Int](repeating: 0, count: right.count)
            for j in 0..<right.count {
                let cost = left[i] == right[j] ? 0 : 1
                var value = min(previous[j] + cost, previous[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                    value = min(value, before[j - 1] + 1)
                }
                row[j + 1] = value
            }
            before = previous
            previous = row
        }
        return previous[right.count]
    }
}
