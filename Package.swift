// swift-tools-version: 6.3
import PackageDescription

// Layers, lowest first; a target imports only downwards (Sources/README.md).
//
// PROST_LIGHT=1 leaves out every target that needs SwiftNIO or SQLite, so that the VM, the
// assembler, the ring and the node core build and test in seconds.
let isLight = Context.environment["PROST_LIGHT"] == "1"

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),  // SE-0461
    .enableUpcomingFeature("InferIsolatedConformances"),  // SE-0470
    .enableUpcomingFeature("ImmutableWeakCaptures"),  // SE-0481
    .strictMemorySafety(),  // SE-0458
    .treatAllWarnings(as: .error),
]

let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)

let lightTargets: [Target] = [
    // 0: the contract of every state machine; bytes to frames and back
    .target(name: "SansIO"),
    .target(name: "Wire"),
    .target(name: "Suggestions"),
    .systemLibrary(name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    // 1: vocabulary
    .target(name: "KBR", dependencies: ["Wire"]),
    .target(name: "PeerletBytecode", dependencies: ["Wire"]),
    .target(name: "Cryptography", dependencies: ["COpenSSL", "Wire", "KBR"]),
    // 2: one peerlet
    .target(name: "PeerletVM", dependencies: ["PeerletBytecode"]),
    .target(
        name: "PeerletAssembler",
        dependencies: ["Suggestions", "PeerletBytecode", "Cryptography"]
    ),
    .target(
        name: "PeerletPackage",
        dependencies: ["SansIO", "Wire", "KBR", "PeerletBytecode", "Cryptography"]
    ),
    // 3: protocols
    .target(name: "Chord", dependencies: ["SansIO", "Wire", "KBR"]),
    .target(
        name: "PeerletRuntime",
        dependencies: [
            "SansIO", "Wire", "KBR", "Cryptography", "PeerletBytecode", "PeerletVM",
            "PeerletPackage",
        ]
    ),
    // 4: the whole node, without I/O
    .target(
        name: "PROSTNode",
        dependencies: [
            "SansIO", "Wire", "KBR", "Cryptography", "PeerletBytecode", "PeerletVM",
            "PeerletPackage", "Chord", "PeerletRuntime",
        ]
    ),
    // 5: the same node in virtual time
    .target(
        name: "PROSTSimulator",
        dependencies: [
            "SansIO", "Wire", "KBR", "Cryptography", "PeerletPackage", "Chord", "PeerletRuntime",
            "PROSTNode",
        ]
    ),
    // 6: what all programs keep to
    .target(name: "CommandLineInterface", dependencies: ["Suggestions", argumentParser]),
    // 5: files that people write, read strictly
    .target(
        name: "StrictYAML",
        dependencies: ["Suggestions", "Wire", "Cryptography", "PROSTNode", "Yams"]
    ),
    // 6: experiments with the simulator
    .target(
        name: "PROSTExperiment",
        dependencies: [
            "SansIO", "Wire", "KBR", "Chord", "PROSTNode", "PROSTSimulator", "StrictYAML",
            "Suggestions",
        ]
    ),
    // 7: virtual time
    .executableTarget(
        name: "prost-sim",
        dependencies: [
            "CommandLineInterface", "SansIO", "PROSTExperiment", "StrictYAML", argumentParser,
        ]
    ),
    // 7: files, no network
    .executableTarget(
        name: "prost-asm",
        dependencies: [
            "CommandLineInterface",
            "SansIO", "Wire", "KBR", "Cryptography", "PeerletBytecode", "PeerletVM",
            "PeerletAssembler", "PeerletPackage", "PeerletRuntime", argumentParser,
        ]
    ),
]

let heavyTargets: [Target] = [
    // 5: sockets
    .target(
        name: "PROSTTransport",
        dependencies: [
            "Wire", "KBR", "Cryptography",
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ]
    ),
    // 6: the shell around the core: clock, threads, disk, sockets
    .target(
        name: "PROSTService",
        dependencies: [
            "Suggestions", "SansIO", "Wire", "KBR", "Cryptography", "PeerletBytecode", "PeerletVM",
            "PeerletPackage", "PeerletRuntime", "Chord", "PROSTNode", "PROSTTransport",
            "StrictYAML",
            .product(name: "GRDB", package: "GRDB.swift"),
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
        ]
    ),
    // 7: nodes and rings
    .executableTarget(
        name: "prost",
        dependencies: [
            "CommandLineInterface", "SansIO", "Wire", "KBR", "Cryptography", "PeerletBytecode",
            "PeerletPackage", "Chord",
            "PeerletRuntime", "PROSTNode", "PROSTTransport", "PROSTService", "StrictYAML",
            argumentParser,
            .product(name: "Logging", package: "swift-log"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
        ]
    ),
]

// Patches only: a deprecation in a minor release would be an error here, as every warning is.
let package = Package(
    name: "prost",
    dependencies: [
        .package(
            url: "https://github.com/apple/swift-argument-parser",
            .upToNextMinor(from: "1.8.2")
        ),
        .package(url: "https://github.com/jpsim/Yams", .upToNextMinor(from: "6.2.2")),
    ]
        + (isLight
            ? []
            : [
                .package(
                    url: "https://github.com/apple/swift-nio",
                    .upToNextMinor(from: "2.101.2")
                ),
                .package(
                    url: "https://github.com/apple/swift-nio-ssl",
                    .upToNextMinor(from: "2.37.6")
                ),
                .package(url: "https://github.com/apple/swift-log", .upToNextMinor(from: "1.16.2")),
                .package(
                    url: "https://github.com/groue/GRDB.swift",
                    .upToNextMinor(from: "7.10.0")
                ),
            ]),
    targets: lightTargets + (isLight ? [] : heavyTargets)
)

// Test targets, named after what they test.
let lightTests: [(String, [Target.Dependency])] = [
    ("WireTests", ["Wire", "KBR", "SansIO"]),
    ("PeerletVMTests", ["PeerletBytecode", "PeerletVM", "Wire"]),
    (
        "PeerletAssemblerTests",
        [
            "PeerletAssembler", "PeerletBytecode", "PeerletVM", "PeerletPackage", "Cryptography",
            "SansIO", "Wire",
        ]
    ),
    (
        "PeerletPackageTests",
        ["PeerletPackage", "PeerletBytecode", "Cryptography", "KBR", "SansIO", "Wire"]
    ),
    ("ChordTests", ["Chord", "KBR", "SansIO", "Wire"]),
    (
        "PeerletRuntimeTests",
        [
            "PeerletRuntime", "PeerletBytecode", "PeerletVM", "PeerletPackage", "PeerletAssembler",
            "KBR", "Wire", "SansIO", "Cryptography",
        ]
    ),
    (
        "PROSTNodeTests",
        [
            "PROSTNode", "PROSTSimulator", "PeerletRuntime", "PeerletBytecode", "PeerletVM",
            "PeerletPackage", "PeerletAssembler", "Chord", "KBR", "Wire", "SansIO", "Cryptography",
        ]
    ),
    (
        "PeerletTests",
        [
            "PROSTNode", "PROSTSimulator", "PeerletRuntime", "PeerletBytecode", "PeerletVM",
            "PeerletPackage", "PeerletAssembler", "Chord", "KBR", "Wire", "SansIO", "Cryptography",
        ]
    ),
    (
        "PROSTSimulatorTests",
        [
            "PROSTExperiment", "PROSTSimulator", "StrictYAML", "PROSTNode", "Chord", "KBR", "Wire",
            "SansIO",
        ]
    ),
    ("TidyTests", []),
]
let heavyTests: [(String, [Target.Dependency])] = [
    (
        "PROSTTransportTests",
        [
            "PROSTTransport", "Wire", "KBR", "Cryptography",
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
            .product(name: "NIOSSL", package: "swift-nio-ssl"),
        ]
    ),
    (
        "PROSTServiceTests",
        [
            "PROSTService", "StrictYAML", "PROSTNode", "PROSTTransport", "PeerletRuntime",
            "PeerletPackage",
            "PeerletAssembler", "PeerletBytecode", "KBR", "Wire", "SansIO", "Cryptography", "Chord",
            .product(name: "GRDB", package: "GRDB.swift"),
            .product(name: "NIOCore", package: "swift-nio"),
            .product(name: "NIOPosix", package: "swift-nio"),
        ]
    ),
    ("CommandLineTests", []),
]
for (name, dependencies) in lightTests + (isLight ? [] : heavyTests) {
    package.targets.append(.testTarget(name: name, dependencies: dependencies))
}

// The interpreter: handlers are inlined into the functions whose addresses the register code has.
// A machine, which one lane has at a time, is not checked for overlapping accesses on every use.
for target in package.targets where target.name == "PeerletVM" {
    target.swiftSettings = [
        .unsafeFlags(
            [
                "-Xllvm", "-sil-inline-trivial-function-threshold=400",
                "-enforce-exclusivity=unchecked",
            ],
            .when(configuration: .release)
        )
    ]
}

for target in package.targets where target.type != .system {
    target.swiftSettings = (target.swiftSettings ?? []) + settings
}
