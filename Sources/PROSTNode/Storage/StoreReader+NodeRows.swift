internal import PeerletRuntime

extension StoreReader {
    /// All of the node's own rows whose keys are longer than `prefix` and begin with it, in key
    /// order.
    func nodeRows(startingWith prefix: [UInt8]) throws(StoreError) -> [StoreRow] {
        var found: [StoreRow] = []
        var last = prefix
        while true {
            let page = try rows(.node, after: last, descending: false, limit: 256)
            for row in page {
                guard row.key.starts(with: prefix) else { return found }
                found.append(row)
                last = row.key
            }
            if page.count < 256 { return found }
        }
    }
}
