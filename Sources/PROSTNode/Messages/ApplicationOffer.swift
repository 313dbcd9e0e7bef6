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
        code = RoutedMessage.Code(
            digest: try Identifier(from: &reader), version: try reader.u64("package version"),
            locator: try reader.prefixedText("code locator", limit: WireLimits.locator))
    }

    package func encode(to writer: inout WireWriter) {
        application.encode(to: &writer)
        code.digest.encode(to: &writer)
        writer.u64(code.version)
        writer.prefixedText(code.locator)
    }
}
