// swift-tools-version: 6.2
import PackageDescription

// A package of its own: `make fuzz` builds it, and the library under it, with the flags that
// fuzzing needs. See Docs/Reliability.md.
let package = Package(
  name: "gguf-tool-fuzz",
  dependencies: [
    // Named, because the identity of a local package is else the name of the checkout's folder.
    .package(name: "gguf-tool", path: "../..")
  ],
  targets: [
    .systemLibrary(name: "CFuzzer"),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "CFuzzer",
        .product(name: "GGUF", package: "gguf-tool"),
        .product(name: "Quant", package: "gguf-tool"),
      ],
      // Debian's gold fails on what the sanitizers add.
      linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
  ],
  swiftLanguageModes: [.v6]
)
