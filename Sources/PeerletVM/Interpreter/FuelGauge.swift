internal import PeerletBytecode

/// Fuel and instruction count of a run of the interpreter in one number, so that a block is paid
/// and counted by one subtraction at its end.
///
/// The upper bits are the fuel at hand less the *reserve*, the price of the program's dearest
/// block; the lower bits count down instructions. While the number is not negative the machine can
/// pay whatever block it enters, and may take the price when the block ends. Below that it asks
/// before every block.
enum FuelGauge {
    static let shift: Int64 = 18
    private static let mask: Int64 = 1 << shift - 1
    /// Most fuel of one run: each instruction costs at least one, so the count cannot overflow.
    static let largest = UInt64(mask)

    /// Taken from the gauge to make the machine ask at the end of the running block; leaves the
    /// count alone.
    static let recall: Int64 = 1 << 60

    /// A block's price and length as one number of 32 bits.
    static func charge(price: UInt32, count: UInt32) -> UInt32 { price << UInt32(shift) | count }

    static func full(_ fuel: UInt64, reserve: UInt64) -> Int64 {
        let excess = Int64(truncatingIfNeeded: fuel) &- Int64(truncatingIfNeeded: reserve)
        return excess &<< shift | mask
    }

    /// Fuel at hand.
    static func fuel(_ gauge: Int64, reserve: UInt64) -> UInt64 {
        UInt64(truncatingIfNeeded: gauge &>> shift) &+ reserve
    }

    /// Instructions counted since it was full.
    static func instructions(_ gauge: Int64) -> UInt64 {
        UInt64(truncatingIfNeeded: mask &- (gauge & mask))
    }
}
