// SPDX-License-Identifier: MIT
package import GGUF

/// Reads a model's keys and looks its tensors up, checking both: what an architecture's description
/// is made with.
package struct ModelReader: KeyReading {
  package let source: any ModelSource
  package let architecture: String
  /// Tokens of a window.
  package let contextLength: Int
  /// How layers predict further tokens, where they are to be described.
  let ahead: AheadForm?

  package var path: String { source.path }
  package var metadata: Metadata { source.metadata }

  /// Reads the keys that begin with a name, the architecture's or that of a file of our own.
  package init(
    source: any ModelSource, architecture: String, contextLength: Int, ahead: AheadForm? = nil
  ) {
    self.source = source
    self.architecture = architecture
    self.contextLength = contextLength
    self.ahead = ahead
  }
}

extension ModelReader {
  /// A tensor that must be there, with these dimensions, innermost first.
  package func tensor(_ name: String, _ dimensions: [Int]) throws(QuantError) -> TensorInfo {
    guard let tensor = try optional(name, dimensions) else {
      throw .tensor(name: name, place: "", expected: "this tensor in \(source.path)", found: "none")
    }
    return tensor
  }

  /// A tensor that may be missing; if it is there, it must have these dimensions.
  package func optional(_ name: String, _ dimensions: [Int]) throws(QuantError) -> TensorInfo? {
    guard source.contains(name) else { return nil }
    let tensor = try QuantError.wrapping { () throws(FileError) in try source.tensor(name) }
    guard dimensions.allSatisfy({ $0 > 0 }) else {
      throw .content(
        file: source.path, line: 0,
        what: "expected keys that give the tensor \"\(name)\" a size, found "
          + dimensions.map(String.init).joined(separator: " x "))
    }
    // Dimensions of one at the end mean nothing.
    let found = tensor.dimensions.reversed().drop { $0 == 1 }.reversed()
    let expected = dimensions.reversed().drop { $0 == 1 }.reversed()
    guard Array(found) == Array(expected) else {
      let shapes = [dimensions, tensor.dimensions].map { shape in
        shape.map(String.init).joined(separator: " x ")
      }
      throw .shape(tensor: name, expected: shapes[0], found: shapes[1])
    }
    return tensor
  }

  /// A product: `NAME.weight`, perhaps `NAME.bias` and `NAME.scale`.
  package func linear(
    _ name: String, _ inputs: Int, _ outputs: Int, needsBias: Bool = false
  ) throws(QuantError) -> Linear {
    let bias =
      needsBias
      ? try tensor("\(name).bias", [outputs]) : try optional("\(name).bias", [outputs])
    return Linear(
      tensor: try tensor("\(name).weight", [inputs, outputs]), outputs: outputs, bias: bias,
      factor: try optional("\(name).scale", [1]))
  }

  /// A norm: `NAME.weight`, perhaps `NAME.bias`.
  package func norm(
    _ name: String, _ width: Int, centered: Bool = false
  ) throws(QuantError) -> Norm {
    Norm(
      weight: try tensor("\(name).weight", [width]), bias: try optional("\(name).bias", [width]),
      isCentered: centered)
  }

  /// A norm, if the file has it.
  package func optionalNorm(
    _ name: String, _ width: Int, centered: Bool = false
  ) throws(QuantError) -> Norm? {
    source.contains("\(name).weight") ? try norm(name, width, centered: centered) : nil
  }

  /// A norm of the model's width, of the kind that the model has.
  func norm(_ name: String, _ sizes: ModelSizes) throws(QuantError) -> Norm {
    try norm(name, sizes.width, centered: sizes.isCentered)
  }

}
