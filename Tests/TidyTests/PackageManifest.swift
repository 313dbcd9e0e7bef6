import Foundation

/// The targets of `Package.swift` and what each depends on.
struct PackageManifest: Sendable {
    struct Target: Sendable {
        let kind: String
        /// Targets of this package.
        let dependencies: Set<String>
        /// Products of other packages.
        let products: Set<String>
    }

    private(set) var targets: [String: Target] = [:]

    init(_ file: SourceFile) {
        // Comments would be read as dependencies; string literals are what is looked for.
        let text = file.lines.map { $0.components(separatedBy: "//  ")[0] }
            .filter { !$0.trimmingCharacters(in: .whitespaces).hasPrefix("//") }
            .joined(separator: "\n")
        for kind in ["target", "executableTarget", "systemLibrary"] {
            var pieces = text.components(separatedBy: ".\(kind)(")
            pieces.removeFirst()
            for piece in pieces {
                let body = Self.balanced(piece)
                guard let name = Self.literals(body).first else { continue }
                guard kind != "systemLibrary" else {
                    targets[name] = Target(kind: kind, dependencies: [], products: [])
                    continue
                }
                var products = Set<String>()
                var rest = body
                for product in body.components(separatedBy: ".product(").dropFirst() {
                    let call = Self.balanced(product)
                    if let name = Self.literals(call).first { products.insert(name) }
                    rest = rest.replacingOccurrences(of: ".product(\(call))", with: "")
                }
                if rest.contains("argumentParser") { products.insert("ArgumentParser") }
                targets[name] = Target(
                    kind: kind,
                    dependencies: Set(Self.literals(rest).dropFirst()),
                    products: products
                )
            }
        }
        let own = Set(targets.keys)
        // A product named as its package is written like a target ("Yams").
        targets = targets.mapValues { target in
            Target(
                kind: target.kind,
                dependencies: target.dependencies.intersection(own),
                products: target.products.union(target.dependencies.subtracting(own))
            )
        }
    }

    /// All that a target links: its dependencies, their dependencies, and so on.
    func closure(of name: String) -> (targets: Set<String>, products: Set<String>) {
        var reached: Set<String> = [name]
        var products = Set<String>()
        var open = [name]
        while let next = open.popLast() {
            guard let target = targets[next] else { continue }
            products.formUnion(target.products)
            for dependency in target.dependencies where reached.insert(dependency).inserted {
                open.append(dependency)
            }
        }
        return (reached, products)
    }

    /// The text up to the parenthesis that closes the one before it.
    private static func balanced(_ text: String) -> String {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return String(text[..<index]) }
        }
        return text
    }

    private static func literals(_ text: String) -> [String] {
        text.components(separatedBy: "\"").enumerated().filter { $0.offset % 2 == 1 }
            .map(\.element)
    }
}
