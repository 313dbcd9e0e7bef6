extension RandomAccessCollection where Index == Int {
    /// The first index whose element is in the second part, `endIndex` if none is.
    ///
    /// - Parameter isInSecondPart: False for the elements up to some place, true from there on.
    @inlinable
    public func partitioningIndex(where isInSecondPart: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = low + (high - low) / 2
            if isInSecondPart(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
