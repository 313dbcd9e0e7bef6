internal import NIOCore
internal import NIOSSL

/// Both sides of TLS as `Spec/wire.md` §3 demands it: 1.3 only, both certificates, Ed25519.
struct TLSContexts {
    static let applicationProtocol = "prost/1"

    let server: NIOSSLContext
    let client: NIOSSLContext

    init(identity: LocalIdentity) throws {
        let chain: [NIOSSLCertificateSource] = [
            .certificate(try NIOSSLCertificate(bytes: identity.certificate, format: .der))
        ]
        let key = NIOSSLPrivateKeySource.privateKey(
            try NIOSSLPrivateKey(bytes: identity.privateKey, format: .pem)
        )
        // Certificates are judged by `CertificateVerifier` alone, but only a context that verifies
        // asks for one: with `.none` the callback would never run.
        var server = TLSConfiguration.makeServerConfigurationWithMTLS(
            certificateChain: chain,
            privateKey: key,
            trustRoots: .certificates([])
        )
        Self.restrict(&server)
        var client = TLSConfiguration.makeClientConfiguration()
        client.certificateChain = chain
        client.privateKey = key
        client.trustRoots = .certificates([])
        client.certificateVerification = .noHostnameVerification
        Self.restrict(&client)
        self.server = try NIOSSLContext(configuration: server)
        self.client = try NIOSSLContext(configuration: client)
    }

    private static func restrict(_ configuration: inout TLSConfiguration) {
        configuration.minimumTLSVersion = .tlsv13
        configuration.maximumTLSVersion = .tlsv13
        configuration.signingSignatureAlgorithms = [.ed25519]
        configuration.verifySignatureAlgorithms = [.ed25519]
        configuration.applicationProtocols = [applicationProtocol]
        configuration.shutdownTimeout = .seconds(1)
    }
}

/// Judges the certificate of one connection and keeps the key that it proved.
///
/// A resumed session brings no certificate message, so that this never runs and `publicKey` stays
/// nil: the connection is then broken off, whatever the session claims.
final class CertificateVerifier {
    private let authentication: PeerAuthentication
    private(set) var publicKey: [UInt8]?
    private(set) var failure: String?

    init(authentication: PeerAuthentication) { self.authentication = authentication }

    func verify(
        _ chain: [NIOSSLCertificate],
        _ promise: EventLoopPromise<NIOSSLVerificationResult>
    ) {
        do {
            guard chain.count == 1, let certificate = chain.first else {
                failure = "a chain of \(chain.count) certificates instead of one"
                return promise.succeed(.failed)
            }
            publicKey = try authentication.publicKey(certificate.toDERBytes())
            promise.succeed(.certificateVerified)
        } catch {
            failure = "certificate: \(error)"
            promise.succeed(.failed)
        }
    }
}
