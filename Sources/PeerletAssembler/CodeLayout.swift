/// Where the instructions of a procedure lie (`Spec/assembly-language.md` §4).
enum CodeLayout {
    /// The offset of each instruction and of the end.
    ///
    /// Targets are offsets of variable length, so that a branch that grows moves what is behind it:
    /// branches begin at nothing and lengthen until nothing changes, which gives the shortest code.
    ///
    /// - Parameters:
    ///   - fixed: Sizes of the instructions, nil for branches.
    ///   - size: Of a branch, by its number and the offsets so far.
    static func offsets(_ fixed: [Int?], _ size: (Int, [Int]) -> Int) -> [Int] {
        var sizes = fixed.map { $0 ?? 0 }
        let branches = fixed.indices.filter { fixed[$0] == nil }
        while true {
            var offsets = [0]
            offsets.reserveCapacity(sizes.count + 1)
            for size in sizes { offsets.append(offsets[offsets.count - 1] + size) }
            var changed = false
            for index in branches {
                let needed = size(index, offsets)
                if needed > sizes[index] {
                    sizes[index] = needed
                    changed = true
                }
            }
            if !changed { return offsets }
        }
    }
}
