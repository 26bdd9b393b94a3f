// swift-tools-version: 6.2
import PackageDescription

let modern: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let arguments: Target.Dependency = .product(
  name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
  name: "gguf-tool-benchmarks",
  products: [
    .executable(name: "bench", targets: ["bench"]),
    .executable(name: "bench-peers", targets: ["bench-peers"]),
  ],
  dependencies: [
    // Named, because the identity of a local package is else the name of the checkout's folder.
    .package(name: "gguf-tool", path: ".."),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
  ],
  targets: [
    .target(
      name: "BenchSupport",
      dependencies: [
        .product(name: "GGUF", package: "gguf-tool"),
        .product(name: "Quant", package: "gguf-tool"),
        arguments,
      ],
      swiftSettings: modern),
    .executableTarget(
      name: "bench",
      dependencies: ["BenchSupport", .product(name: "GGUF", package: "gguf-tool"), arguments],
      swiftSettings: modern),
    .executableTarget(
      name: "bench-peers",
      dependencies: [
        "BenchSupport",
        .product(name: "GGUF", package: "gguf-tool"),
        arguments,
      ],
      swiftSettings: modern),
  ],
  swiftLanguageModes: [.v6]
)
