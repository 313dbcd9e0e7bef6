package import KBR

/// A peerlet's process on one node: of an application, or of one key of it (`Spec/node.md` §4).
package struct InstanceID: Hashable, Comparable, Sendable {
    package var application: ApplicationID
    package var key: Identifier?

    package init(application: ApplicationID, key: Identifier? = nil) {
        self.application = application
        self.key = key
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
