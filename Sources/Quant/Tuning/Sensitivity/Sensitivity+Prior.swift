// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF
internal import QuantEvaluation
public import QuantModels
public import QuantPlanning

/// What is expected of a model that was not measured.
extension Sensitivity {
  /// A sensitivity from shapes and names alone: weights, times what a type leaves of a weight's
  /// variance, times what matrices of that role weigh in models that were measured.
  ///
  /// Only the order of units means something, not the figures.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - types: The types to choose from.
  ///   - importance: The importance matrix, if there is one: some types need it.
  /// - Returns: Figures for every matrix that may be quantized, experts one by one.
  /// - Throws: `QuantError` for metadata that cannot be used.
  public static func prior(
    of model: any ModelSource, types: [TensorType], importance: ImportanceMatrix?
  ) throws(QuantError) -> Sensitivity {
    let facts = try ModelFacts(model.metadata, path: model.path)
    let used = model.metadata.model("expert_used_count")?.integer ?? 1
    var units: [Unit] = []
    for tensor in model.tensors where !Untouchable.contains(tensor.description) {
      let name = ExpertTensorName(tensor.name)
      let isMerged = name != nil && name?.expert == nil
      let count = isMerged ? tensor.matrixCount : 1
      guard (1...ExpertLayout.mostExperts).contains(count), tensor.weightCount > 0 else {
        throw .shape(
          tensor: tensor.name, expected: "1 to \(ExpertLayout.mostExperts) experts with weights",
          found: tensor.dimensions.map(String.init).joined(separator: " x "))
      }
      let share =
        name == nil ? 1 : Double(max(1, used)) / Double(max(1, facts.expertCount, count))
      let isKnown = try importance?.entry(fitting: tensor) != nil
      for expert in 0..<count {
        units.append(
          Self.unit(
            tensor, expert: isMerged ? expert : name?.expert, count: count, types,
            factor: share * roleFactor(tensor.name), isKnown: isKnown))
      }
    }
    let total = Double(max(1, model.tensors.reduce(0) { $0 + $1.weightCount }))
    for index in units.indices {
      units[index].divergences = units[index].divergences.map { $0.map { $0 / total } }
    }
    return Sensitivity(
      kind: kindName, model: model.path, fingerprint: "none",
      corpora: ["no text: expectations by shape alone"], importance: importance?.path, windows: 0,
      windowLength: 0, probeWindows: 0, types: types.map(\.name), units: units)
  }

  private static func unit(
    _ tensor: TensorInfo, expert: Int?, count: Int, _ types: [TensorType], factor: Double,
    isKnown: Bool
  ) -> Unit {
    let weights = tensor.weightCount / count
    let isExempt = TensorName.layer(of: tensor.name) == nil
    let bytes = types.map { type -> Int? in
      guard let layout = type.layout, tensor.rowWeights % layout.weightsPerBlock == 0,
        FormatRegistry.encoder(of: type) != nil,
        isKnown || isExempt || !NeedsImportance.types.contains(type)
      else { return nil }
      return weights / layout.weightsPerBlock * layout.bytesPerBlock
    }
    let errors = zip(types, bytes).map { type, bytes in
      bytes.map { _ in factor * Double(weights) * typicalError(type) }
    }
    return Unit(
      tensor: tensor.name, expert: expert, layer: TensorName.layer(of: tensor.name),
      weights: weights, bytes: bytes, errors: errors, divergences: errors)
  }

  /// What a type leaves of the variance of normal weights.
  private static func typicalError(_ type: TensorType) -> Double {
    FormatRegistry.format(of: type)?.facts.typicalError
      ?? Elementary.exponential(
        -2 * 0.6931471805599453 * ((type.layout?.bitsPerWeight ?? 16) - 0.6))
  }

  /// What an error in a matrix of a role does, next to other matrices: read off models measured.
  private static func roleFactor(_ name: String) -> Double {
    switch TensorRole(tensorName: name) {
    case .output: 4
    case .attentionV, .attentionQKV, .attentionKVB: 4
    case .tokenEmbedding, .attentionOutput: 2
    case .feedForwardDown: 1.5
    default: 1
    }
  }
}
