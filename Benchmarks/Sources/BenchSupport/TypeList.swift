// SPDX-License-Identifier: MIT
import ArgumentParser
package import GGUF

/// `--types Q4_K,IQ2_XS`: which types to measure.
package struct TypeList: ExpressibleByArgument, Sendable {
  /// The types, in the order of GGML's numbers.
  package let types: [TensorType]

  /// Every type that weights are stored in.
  package static let all = TypeList(types: Codec.types.filter { !others.contains($0.name) })

  /// Whole numbers, and types that only activations take.
  private static let others = ["F64", "I8", "I16", "I32", "I64", "Q8_1", "Q8_K"]

  private init(types: [TensorType]) { self.types = types }

  /// Reads names with commas between them; `nil` if one is not a type that we can read.
  package init?(argument: String) {
    let names = argument.split(separator: ",").map { TensorType(name: String($0)) }
    let known = Codec.types.filter { names.contains($0) }
    guard known.count == names.count else { return nil }
    types = known
  }

  /// The names as they were written.
  package var defaultValueDescription: String { "all" }

  /// The names with commas between them.
  package var argument: String { types.map(\.name).joined(separator: ",") }
}
