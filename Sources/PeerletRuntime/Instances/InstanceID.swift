package import KBR

/// A peerlet's process on one node: of an application, or of one key of it (`Spec/node.md` §4).
package struct InstanceID: Hashable, Comparable, Sendable {
    package var application: ApplicationID
    package var key: Identifier?

    package init(application: ApplicationID, key: Identifier? = nil) {
        self.application = application
        self.key = key
    }

    /// An application's identifier is a digest, of which a part will do; a key can be chosen.
    package func hash(into hasher: inout Hasher) {
        hasher.combine(application.identifier.words.3)
        if let key { hasher.combine(key) }
    }

    package static func < (left: Self, right: Self) -> Bool {
        if left.application != right.application { return left.application < right.application }
        return switch (left.key, right.key) {
        case (nil, nil), (_?, nil): false
        case (nil, _?): true
        case (let a?, let b?): a < b
        }
    }
}
