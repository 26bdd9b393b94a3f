// SPDX-License-Identifier: MIT
internal import BlockFormats
internal import GGUF
internal import QuantEvaluation
internal import QuantModels
internal import QuantPlanning

/// A unit of a model whose types are tried, and all that trying needs.
struct SensitivityTarget: Sendable {
  /// The unit.
  let unit: ModelUnit
  /// What is known of its inputs.
  let importance: ImportanceMatrix.Entry?
  /// The types that it can have, in the order of the list; `nil` where it cannot.
  let formats: [(any EncodableFormat.Type)?]
  /// The type of its probe, as an index of `formats`.
  let probed: Int?

  /// Types worth probing lie near this: coarse enough to show, fine enough to be like the others.
  private static let probeBits = 3.4

  /// Chooses the types for a unit.
  ///
  /// Throws `QuantError.content` for a matrix of another model.
  init(
    _ unit: ModelUnit, types: [TensorType], importance: ImportanceMatrix?
  ) throws(QuantError) {
    self.unit = unit
    let tensor = unit.tensor
    let entry = try importance?.entry(fitting: tensor)
    self.importance = entry
    let formats: [(any EncodableFormat.Type)?] = types.map { type in
      guard let format = FormatRegistry.encoder(of: type),
        tensor.rowWeights % format.layout.weightsPerBlock == 0,
        entry != nil || Self.isExempt(unit.position) || !NeedsImportance.types.contains(type)
      else { return nil }
      return format
    }
    self.formats = formats
    probed = formats.indices.filter { formats[$0] != nil }.min { first, second in
      Self.distance(types[first]) < Self.distance(types[second])
    }
  }

  /// The embedding and the output are quantized without a matrix, as few have anything on them.
  private static func isExempt(_ place: UnitPosition) -> Bool {
    place == .embedding || place == .output
  }

  private static func distance(_ type: TensorType) -> Double {
    abs((type.layout?.bitsPerWeight ?? 32) - probeBits)
  }

  /// Weights of the unit.
  var weights: Int {
    let all = unit.tensor.weightCount
    return unit.expert == nil ? all : all / unit.tensor.matrixCount
  }

  /// The unit in one of the types.
  func substitution(_ index: Int) -> WeightSubstitution? {
    formats[index].map {
      WeightSubstitution(
        tensor: unit.tensor.name, matrix: unit.matrix, format: $0, importance: importance)
    }
  }

  /// The unit without measurements.
  var unmeasured: Sensitivity.Unit {
    let bytes = formats.map { format in
      format.map { weights / $0.layout.weightsPerBlock * $0.layout.bytesPerBlock }
    }
    let none = [Double?](repeating: nil, count: formats.count)
    return Sensitivity.Unit(
      tensor: unit.tensor.name, expert: unit.expert,
      layer: TensorName.layer(of: unit.tensor.name),
      weights: weights, bytes: bytes, errors: none, divergences: none)
  }
}
