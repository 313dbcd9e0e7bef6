internal import ArgumentParser
internal import Foundation

/// Whether output is coloured.
package enum ColorChoice: String, ExpressibleByArgument, CaseIterable, Sendable {
    case auto, always, never

    /// `auto` means: on a terminal that does not object (no-color.org, force-color.org).
    package func isColored(on descriptor: Int32) -> Bool {
        switch self {
        case .always: return true
        case .never: return false
        case .auto:
            let environment = ProcessInfo.processInfo.environment
            if let force = environment["FORCE_COLOR"], !force.isEmpty { return force != "0" }
            if let no = environment["NO_COLOR"], !no.isEmpty { return false }
            return environment["TERM"] != "dumb" && isatty(descriptor) == 1
        }
    }
}
