internal import PeerletBytecode

/// Fuel and instruction count of a run of the interpreter in one number, so that a block is paid
/// and counted by one subtraction at its end.
///
/// The upper bits are the fuel at hand less the *reserve*, the price of the program's dearest
/// block; the lower bits count down instructions. While the number is not negative the machine can
/// pay whatever block it enters, and may take the price when the block ends. Below that it asks
/// before every block.
///
/// It has 32 bits so that the processor subtracts a block's charge straight from the code.
enum FuelGauge {
    static let shift: Gauge = 15
    private static let mask: Gauge = 1 << shift - 1
    /// Most fuel of one run: each instruction costs at least one, so the count cannot overflow.
    static let largest = UInt64(mask)

    /// Taken from the gauge to make the machine ask at the end of the running block.
    ///
    /// Leaves the count alone. It is above any gauge, and a gauge in its reserve less it does not
    /// overflow, as no reserve is more than `BytecodeLimits.blockPrice`.
    static let recall: Gauge = 1 << 30

    /// A block's price and length as one number of 32 bits.
    static func charge(price: UInt32, count: UInt32) -> UInt32 { price << UInt32(shift) | count }

    static func full(_ fuel: UInt64, reserve: UInt64) -> Gauge {
        let excess = Gauge(truncatingIfNeeded: fuel) &- Gauge(truncatingIfNeeded: reserve)
        return excess &<< shift | mask
    }

    /// Fuel at hand.
    static func fuel(_ gauge: Gauge, reserve: UInt64) -> UInt64 {
        UInt64(truncatingIfNeeded: gauge &>> shift) &+ reserve
    }

    /// Instructions counted since it was full.
    static func instructions(_ gauge: Gauge) -> UInt64 {
        UInt64(truncatingIfNeeded: mask &- (gauge & mask))
    }
}
