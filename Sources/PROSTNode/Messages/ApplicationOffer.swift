package import KBR
package import Wire

/// "You answer for keys of this application now; here is its code": sent to a new predecessor by
/// the node that hosted its arc before (`Spec/node.md` §8).
package struct ApplicationOffer: Hashable, Sendable {
    package var application: ApplicationID
    package var code: RoutedMessage.Code

    package init(application: ApplicationID, code: RoutedMessage.Code) {
        self.application = application
        self.code = code
    }
}

extension ApplicationOffer: WireCodable {
    package init(from reader: inout WireReader) throws(WireError) {
        application = try ApplicationID(from: &reader)
        code = try RoutedMessage.Code(from: &reader)
    }

    package func encode(to writer: inout WireWriter) {
        application.encode(to: &writer)
        code.encode(to: &writer)
    }
}
