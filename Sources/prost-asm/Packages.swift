internal import Cryptography
internal import KBR
internal import PeerletBytecode
internal import PeerletPackage
internal import PeerletVM
internal import SansIO
internal import Wire

/// Package files with the failures that commands report.
enum Packages {
    static func build(
        _ draft: ManifestDraft,
        _ image: ProgramImage,
        _ signer: PrivateKey,
        _ authority: SigningAuthority?
    ) throws(CommandFailure) -> [UInt8] {
        do throws(PackageWriterError) {
            return try PackageWriter.build(
                draft,
                image: image,
                signer: signer,
                authority: authority
            )
        } catch { throw CommandFailure(code: .data, name: "package", message: "\(error)") }
    }

    static func inspect(_ bytes: [UInt8], _ path: String) throws(CommandFailure) -> SignedPackage {
        do throws(PackageError) {
            return try PackageReader.inspect(bytes)
        } catch { throw failure(error, path) }
    }

    static func failure(_ error: PackageError, _ path: String) -> CommandFailure {
        CommandFailure(
            code: error.isRefusal ? .refused : .data,
            name: error.code,
            message: "\(path): \(error)"
        )
    }

    /// The package's program, verified.
    static func program(
        _ package: SignedPackage,
        _ path: String
    ) throws(CommandFailure) -> VerifiedProgram {
        let image: ProgramImage
        do throws(PackageError) {
            image = try package.programImage()
        } catch { throw failure(error, path) }
        do throws(VerificationError) {
            return try Verifier.verify(image)
        } catch {
            throw CommandFailure(code: .data, name: "verification", message: "\(path): \(error)")
        }
    }

    /// The package's program, verified if this tool knows the rules of its ABI and price table.
    static func image(
        _ package: SignedPackage,
        _ path: String,
        _ output: OutputOptions
    ) throws(CommandFailure) -> ProgramImage {
        let manifest = package.manifest
        if manifest.abiVersion == HostABI.version, manifest.priceVersion == OpcodeTable.priceVersion
        {
            return try program(package, path).image
        }
        output.note("note: \(path) is for other versions, its program was not verified")
        do throws(PackageError) {
            return try package.programImage()
        } catch { throw failure(error, path) }
    }

    static func sourceMapPath(of path: String) -> String {
        (path.hasSuffix(".peerlet") ? String(path.dropLast(8)) : path) + ".srcmap"
    }

    /// Debug information beside a package, if there is any for its program.
    static func sourceMap(
        of path: String,
        _ package: SignedPackage,
        _ output: OutputOptions
    ) -> DebugInfo? {
        let map = sourceMapPath(of: path)
        guard Files.exists(map) else { return nil }
        let found = (try? Files.read(map)).flatMap { try? DebugInfo(wireBytes: $0, "source map") }
        guard let found, found.codeDigest == package.manifest.codeDigest.bytes else {
            output.note("note: \(map) is not of this program: without its names and lines")
            return nil
        }
        return found
    }

    static func version(_ version: UInt64) -> String {
        PackageVersion.text(version)
    }
}

extension SignedPackage {
    /// The application's identifier, all digits.
    var applicationText: String? {
        manifest.application.map { Hexadecimal.text($0.identifier.bytes) }
    }
}

/// A package as JSON.
struct PackageRecord: Encodable {
    struct Limits: Encodable {
        let fuelPerUpcall: UInt64
        let fuelPerSecond: UInt64
        let memoryPages: UInt32
        let storeBytes: UInt64
        let messagesPerSecond: UInt32
        let mailbox: UInt32
    }

    let name: String
    let version: String
    let applicationID: String?
    let applicationType: String
    let instanceClass: String
    let storeClass: String
    let replicaCount: UInt8
    let rootKey: String
    let signerKey: String
    let epoch: UInt64?
    let delegationExpires: UInt64?
    let abiVersion: UInt16
    let priceVersion: UInt16
    /// Milliseconds since 1970.
    let notBefore: UInt64?
    let expires: UInt64?
    let imports: [String]
    let exports: [String]
    let limits: Limits
    let digest: String
    let bytes: Int
    let codeBytes: UInt32

    init(_ package: SignedPackage) {
        let manifest = package.manifest
        name = manifest.name
        version = Packages.version(manifest.version)
        applicationID = package.applicationText
        applicationType = manifest.applicationType == .perHop ? "per-hop" : "end-node"
        instanceClass = "\(manifest.instanceClass)"
        storeClass = "\(manifest.storeClass)"
        replicaCount = manifest.replicaCount
        rootKey = Hexadecimal.text(manifest.rootKey.raw)
        signerKey = Hexadecimal.text(manifest.signerKey.raw)
        epoch = manifest.delegation?.epoch
        delegationExpires = manifest.delegation?.expires?.milliseconds
        abiVersion = manifest.abiVersion
        priceVersion = manifest.priceVersion
        notBefore = manifest.notBefore?.milliseconds
        expires = manifest.expires?.milliseconds
        imports = manifest.imports
        exports = manifest.exports
        limits = Limits(
            fuelPerUpcall: manifest.limits.fuelPerUpcall,
            fuelPerSecond: manifest.limits.fuelPerSecond,
            memoryPages: manifest.limits.memoryPages,
            storeBytes: manifest.limits.storeBytes,
            messagesPerSecond: manifest.limits.messagesPerSecond,
            mailbox: manifest.limits.mailboxLength
        )
        digest = "sha256:" + Hexadecimal.text(package.digest)
        bytes = package.bytes.count
        codeBytes = manifest.codeLength
    }
}
