// swift-tools-version: 6.2
import PackageDescription

/// Every target: Swift 6 with the upcoming features this compiler lists beyond it.
let modern: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("ImmutableWeakCaptures"),
  .enableExperimentalFeature("Lifetimes"),
]

/// The targets that handle files and users' data: unsafe expressions must be marked.
let strict: [SwiftSetting] = modern + [.strictMemorySafety()]

/// Flags that give a build of the block kernels the instructions of its level (`-march` reaches
/// Swift's own code generation through clang's options). On other architectures the baseline is all.
/// SwiftPM refuses such flags in a versioned dependency whose tools version is below 6.2.
func level(_ march: String) -> [SwiftSetting] {
  #if arch(x86_64)
    modern + [.unsafeFlags(["-Xcc", "-march=\(march)"])]
  #else
    modern
  #endif
}

/// A program of Examples/Library, which is a package of its own: here it is built for the tests, and sees
/// of the library what other packages see. It must not become a product: packages may then not have a target
/// of its name, as Examples/Library does.
func example(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: "Examples/Library/Sources/\(name)",
    packageAccess: false)
}

let package = Package(
  name: "gguf-tool",
  products: [
    .library(name: "GGUF", targets: ["GGUF"]),
    .library(name: "BlockFormats", targets: ["BlockFormats"]),
    .library(name: "Quant", targets: ["Quant"]),
    .executable(name: "gguf-tool", targets: ["gguf-tool"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .target(name: "LocalFiles", swiftSettings: strict),
    .target(name: "BlockKernels", swiftSettings: modern),
    .target(name: "GGUF", dependencies: ["BlockKernels", "LocalFiles"], swiftSettings: strict),
    .target(
      name: "BlockKernelsBaseline", dependencies: ["BlockKernels"],
      path: "Sources/BlockKernelLevels/Baseline", swiftSettings: modern),
    .target(
      name: "BlockKernelsAVX2", dependencies: ["BlockKernels"],
      path: "Sources/BlockKernelLevels/AVX2", swiftSettings: level("x86-64-v3")),
    .target(
      name: "BlockKernelsAVX512", dependencies: ["BlockKernels"],
      path: "Sources/BlockKernelLevels/AVX512", swiftSettings: level("x86-64-v4")),
    .systemLibrary(name: "CPUFeatures"),
    .target(
      name: "BlockFormats",
      dependencies: [
        "BlockKernels", "BlockKernelsBaseline", "BlockKernelsAVX2", "BlockKernelsAVX512",
        "CPUFeatures",
      ],
      path: "Sources/Quant/Formats", swiftSettings: strict),
    .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
    .systemLibrary(
      name: "COpenSSL", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .target(
      name: "QuantModels", dependencies: ["BlockFormats", "GGUF"],
      path: "Sources/Quant/Models", swiftSettings: strict),
    .target(
      name: "QuantPlanning", dependencies: ["BlockFormats", "GGUF", "QuantModels", "COpenSSL"],
      path: "Sources/Quant/Planning", swiftSettings: strict),
    .target(
      name: "QuantMemory", dependencies: ["GGUF", "QuantModels", "QuantPlanning"],
      path: "Sources/Quant/Memory", swiftSettings: strict),
    .target(
      name: "QuantEvaluation",
      dependencies: [
        "BlockFormats", "GGUF", "QuantModels", "QuantPlanning", "COneDNN", "CZlib", "CZstd",
      ],
      path: "Sources/Quant/Evaluation", swiftSettings: strict),
    .target(
      name: "QuantCalibration",
      dependencies: [
        "BlockFormats", "GGUF", "QuantModels", "QuantPlanning", "QuantEvaluation",
      ],
      path: "Sources/Quant/Calibration", swiftSettings: strict),
    .target(
      name: "QuantTuning",
      dependencies: [
        "BlockFormats", "GGUF", "QuantModels", "QuantPlanning", "QuantMemory", "QuantEvaluation",
      ],
      path: "Sources/Quant/Tuning", swiftSettings: strict),
    .target(
      name: "Quant",
      dependencies: [
        "BlockFormats", "GGUF", "QuantModels", "QuantPlanning", "QuantMemory", "QuantEvaluation",
        "QuantCalibration", "QuantTuning",
      ],
      path: "Sources/Quant",
      exclude: ["Calibration", "Evaluation", "Formats", "Memory", "Models", "Planning", "Tuning"],
      sources: ["Quant.swift"], swiftSettings: strict),
    .executableTarget(
      name: "gguf-tool",
      dependencies: [
        "GGUF", "Quant",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    example("ReadTensor", ["BlockFormats", "GGUF"]),
    example("Requantize", ["Quant"]),
    example("MeasurePerplexity", ["Quant"]),
    example("GatherImportance", ["Quant"]),
    example("EstimateMemory", ["Quant"]),
    .target(
      name: "TestSupport", dependencies: ["GGUF", "CZlib", "CZstd"], path: "Tests/TestSupport",
      swiftSettings: modern),
    .testTarget(name: "GGUFTests", dependencies: ["GGUF", "TestSupport"], swiftSettings: modern),
    .testTarget(
      name: "QuantTests", dependencies: ["Quant", "GGUF", "BlockKernels", "TestSupport"],
      swiftSettings: modern),
    .testTarget(
      name: "gguf-toolTests",
      dependencies: [
        "gguf-tool", "Quant", "GGUF", "TestSupport", "ReadTensor", "Requantize",
        "MeasurePerplexity", "GatherImportance", "EstimateMemory",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: modern),
  ],
  swiftLanguageModes: [.v6]
)
