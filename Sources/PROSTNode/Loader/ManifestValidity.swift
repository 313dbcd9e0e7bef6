internal import PeerletPackage
internal import SansIO

extension Manifest {
    /// Why code that was checked earlier may not be used for new work any more.
    func lapse(at wall: WallTime) -> PackageError? {
        if let start = notBefore, wall < start { return .notYetValid(from: start) }
        if let end = expires, wall >= end { return .expired(end) }
        if let end = delegation?.expires, wall >= end { return .delegationExpired(end) }
        return nil
    }
}
