internal import KBR
package import PeerletBytecode
package import SansIO
internal import Wire

/// A package whose signature and digests hold, made by `PackageReader` only; its code was not
/// parsed yet.
package struct SignedPackage: Hashable, Sendable {
    package let manifest: Manifest
    /// SHA-256 of the file.
    package let digest: [UInt8]
    /// The encoded program image.
    package let code: [UInt8]
    /// The whole file, to be kept and passed on.
    package let bytes: [UInt8]

    init(manifest: Manifest, digest: [UInt8], code: [UInt8], bytes: [UInt8]) {
        self.manifest = manifest
        self.digest = digest
        self.code = code
        self.bytes = bytes
    }

    /// Parses the code section; its imports and exports must be those of the manifest.
    package func programImage() throws(PackageError) -> ProgramImage {
        let image: ProgramImage
        do throws(WireError) {
            image = try ProgramImage(wireBytes: code, "program image")
        } catch { throw .malformedProgram(error) }
        guard image.importNames == manifest.imports else { throw .importsDiffer }
        guard image.exportNames == manifest.exports else { throw .exportsDiffer }
        return image
    }

    /// Dates only, for code that is kept and used again later.
    package func checkValidity(now: WallTime) throws(PackageError) {
        if let first = expirations(now: now).first { throw first }
    }

    /// Why a node does not install the package at `now`: versions and dates (`Spec/package.md` §6,
    /// 8 to 12), in this order.
    package func objections(now: WallTime) -> [PackageError] {
        var found: [PackageError] = []
        let (abi, price) = (manifest.abiVersion, manifest.priceVersion)
        if abi != HostABI.version {
            found.append(.unsupportedABI(version: abi, supported: HostABI.version))
        }
        if price != OpcodeTable.priceVersion {
            let known = OpcodeTable.priceVersion
            found.append(.unsupportedPriceTable(version: price, supported: known))
        }
        return found + expirations(now: now)
    }

    private func expirations(now: WallTime) -> [PackageError] {
        var found: [PackageError] = []
        if let start = manifest.notBefore, now < start { found.append(.notYetValid(from: start)) }
        if let end = manifest.expires, now >= end { found.append(.expired(end)) }
        if let end = manifest.delegation?.expires, now >= end {
            found.append(.delegationExpired(end))
        }
        return found
    }

    /// Refuses what is older than what this node has seen (`Spec/package.md` §7).
    package func check(against floor: PackageFloor) throws(PackageError) {
        // The root's own signature needs no epoch: it is what gives epochs out.
        if let epoch = manifest.delegation?.epoch, epoch < floor.epoch {
            throw .staleEpoch(epoch, floor: floor.epoch)
        }
        guard manifest.version >= floor.version else {
            throw .staleVersion(manifest.version, floor: floor.version)
        }
        if manifest.version == floor.version, let seen = floor.digest, seen != digest {
            throw .versionReused(manifest.version)
        }
    }
}

/// The newest that a node has seen, kept durably: the epoch by root key, the version and its
/// package digest by application.
package struct PackageFloor: Hashable, Sendable {
    package var epoch: UInt64
    package var version: UInt64
    /// SHA-256 of the package of that version; nil if none was seen.
    package var digest: [UInt8]?

    package init(epoch: UInt64 = 0, version: UInt64 = 0, digest: [UInt8]? = nil) {
        self.epoch = epoch
        self.version = version
        self.digest = digest
    }

    /// The floor after `package` was accepted.
    package func raised(by package: SignedPackage) -> PackageFloor {
        let manifest = package.manifest
        let isNewer = manifest.version >= version
        return PackageFloor(
            epoch: max(epoch, manifest.delegation?.epoch ?? 0),
            version: max(version, manifest.version),
            digest: isNewer ? package.digest : digest
        )
    }
}

extension ProgramImage {
    /// Names of imported host calls, sorted by bytes.
    var importNames: [String] { Self.sorted(imports.map(\.name)) }

    /// Names of exported functions, sorted by bytes.
    var exportNames: [String] { Self.sorted(exports.map(\.name)) }

    private static func sorted(_ names: [String]) -> [String] {
        names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
