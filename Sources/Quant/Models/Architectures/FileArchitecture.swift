// SPDX-License-Identifier: MIT

/// An architecture that is known by its files alone: no configuration becomes one here, and nobody said
/// what it keeps at run time, so that memory is estimated by what it looks like.
protocol FileArchitecture: EvaluableArchitecture {}

extension FileArchitecture {
  static var modelTypes: [String] { [] }

  static func memory(_: String) -> MemoryTraits { .unknown }

  static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    throw config.refused(
      "expected a GGUF file of the architecture \(names[0]), found a configuration")
  }
}
