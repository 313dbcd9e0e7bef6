internal import PeerletBytecode
package import PeerletPackage
package import PeerletRuntime
internal import PeerletVM
internal import SansIO

/// The work of making a package runnable, as a value that an execution lane runs.
///
/// Digest, signature, validity, floors, policy, verification, translation, in this order.
package struct CodeCheck: Sendable {
    package var digest: PackageDigest
    /// Tells this check from an earlier one of the same package.
    package var attempt: UInt64
    /// The file, or nil to read it from the node's own store.
    package var bytes: [UInt8]?
    /// What the index says of the stored file.
    var record: LoadRecord?
    var floors: CodeFloors
    var policy: NodePolicy
    var wall: WallTime

    /// Runs the check; `reader` reads this node's store.
    package func run(reading reader: any StoreReader) -> CodeCheckReport {
        let result: Result<CheckedPackage, LoadError>
        do throws(LoadError) {
            result = .success(try check(try file(reader)))
        } catch { result = .failure(error) }
        return CodeCheckReport(digest: digest, attempt: attempt, result: result)
    }

    private func file(_ reader: any StoreReader) throws(LoadError) -> [UInt8] {
        if let bytes { return bytes }
        do throws(StoreError) {
            if let record, let stored = try CodeStore.package(record, from: reader) {
                return stored
            }
        } catch { throw .store(error) }
        throw .store(StoreError("the stored package is incomplete"))
    }

    /// In this order, so that nothing is parsed before it is authentic, and nothing is verified
    /// that may not run anyway.
    private func check(_ file: [UInt8]) throws(LoadError) -> CheckedPackage {
        let package: SignedPackage
        do throws(PackageError) {
            package = try PackageReader.checkEnvelope(file, expecting: digest.bytes, now: wall)
            try package.check(against: floors.floor(for: package.manifest))
        } catch { throw .package(error) }
        guard let subject = PolicySubject(package.manifest, digest) else {
            throw .package(.badSignature)
        }
        if case .deny(let reasons) = policy.decide(subject) { throw .policy(reasons) }
        let program = try Self.program(of: package)
        return CheckedPackage(
            package: package,
            peerlet: LoadedPeerlet(
                application: subject.application,
                digest: digest.bytes,
                manifest: package.manifest,
                program: program
            )
        )
    }
}

extension CodeCheck {
    private static func program(
        of package: SignedPackage
    ) throws(LoadError) -> VerifiedProgram {
        let image: ProgramImage
        do throws(PackageError) {
            image = try package.programImage()
        } catch { throw .package(error) }
        do throws(VerificationError) {
            return try Verifier.verify(image)
        } catch { throw .verification(error) }
    }
}

/// A package that passed every check, and its program.
package struct CheckedPackage: Sendable {
    package let package: SignedPackage
    package let peerlet: LoadedPeerlet
}

/// What comes back from the lane.
package struct CodeCheckReport: Sendable {
    package let digest: PackageDigest
    package let attempt: UInt64
    package let result: Result<CheckedPackage, LoadError>
}
