// swift-tools-version: 6.2
import Foundation
import PackageDescription

// A package of your own names the library by its address and a version; GGUF_TOOL_URL and
// GGUF_TOOL_VERSION try that here. Without them, the checkout that this folder is in is used.
let environment = ProcessInfo.processInfo.environment
let library: Package.Dependency =
  if let url = environment["GGUF_TOOL_URL"], let version = environment["GGUF_TOOL_VERSION"],
    let exact = Version(version)
  {
    .package(url: url, exact: exact)
  } else {
    .package(name: "gguf-tool", path: "../..")
  }
let package = Package(
  name: "library-examples",
  dependencies: [library],
  targets: [
    .executableTarget(
      name: "ReadTensor",
      dependencies: [
        .product(name: "BlockFormats", package: "gguf-tool"),
        .product(name: "GGUF", package: "gguf-tool"),
      ]),
    .executableTarget(
      name: "Requantize", dependencies: [.product(name: "Quant", package: "gguf-tool")]),
    .executableTarget(
      name: "MeasurePerplexity", dependencies: [.product(name: "Quant", package: "gguf-tool")]),
    .executableTarget(
      name: "GatherImportance", dependencies: [.product(name: "Quant", package: "gguf-tool")]),
    .executableTarget(
      name: "EstimateMemory", dependencies: [.product(name: "Quant", package: "gguf-tool")]),
  ],
  swiftLanguageModes: [.v6]
)
