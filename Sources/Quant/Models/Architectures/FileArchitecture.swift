// SPDX-License-Identifier: MIT

/// An architecture that is known by its files alone: no configuration becomes one here. What it keeps at run
/// time stands among the families of memory.
package protocol FileArchitecture: EvaluableArchitecture {}

extension FileArchitecture {
  package static var modelTypes: [String] { [] }

  package static func memory(_: String) -> MemoryTraits { .unknown }

  package static func configure(_ config: ConfigurationReader) throws(QuantError) -> HeaderBuilder {
    throw config.refused(
      "expected a GGUF file of the architecture \(names[0]), found a configuration")
  }
}
