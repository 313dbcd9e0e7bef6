/// A package version as one number that grows: major, minor (16 bits), patch (16 bits).
package enum PackageVersion {
    /// `1.0.0` for the number in a manifest.
    package static func text(_ version: UInt64) -> String {
        "\(version >> 32).\(version >> 16 & 0xFFFF).\(version & 0xFFFF)"
    }
}
