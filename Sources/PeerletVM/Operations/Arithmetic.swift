/// Divisions of `Spec/isa/execution.md` §3 on any guest value; none can trap the host.
enum Arithmetic {
    /// Nil on division by zero and where the quotient does not fit.
    @inline(__always)
    static func quotient<T: FixedWidthInteger>(_ dividend: T, _ divisor: T) -> T? {
        let (value, overflow) = dividend.dividedReportingOverflow(by: divisor)
        return overflow ? nil : value
    }

    /// Nil on division by zero alone: the smallest value modulo -1 is 0.
    @inline(__always)
    static func remainder<T: FixedWidthInteger>(_ dividend: T, _ divisor: T) -> T? {
        divisor == 0 ? nil : dividend.remainderReportingOverflow(dividingBy: divisor).partialValue
    }
}
