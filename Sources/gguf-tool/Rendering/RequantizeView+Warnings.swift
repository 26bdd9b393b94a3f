// SPDX-License-Identifier: MIT
import GGUF
import Quant

extension RequantizeView {
  /// Says on standard error what may surprise.
  ///
  /// - Parameter isStrict: Whether a model that is not what it seems is refused instead.
  /// - Throws: `QuantError.unsupported` with the first such warning.
  func warn(isStrict: Bool) throws {
    let losses = LossWarnings(plan).planned
    if isStrict, let first = losses.first { throw QuantError.unsupported(first) }
    for loss in losses { Warnings.write(loss) }
    for pattern in plan.unusedRules {
      Warnings.write("the rule \(pattern) matches no tensor that may be quantized")
    }
    warnOfFallbacks()
    warnOfExperts()
    if let coverage = plan.coverage { warn(coverage) }
    if !plan.leftTensors.isEmpty {
      Warnings.write(
        "the importance matrix knows nothing of the layers of \(Self.list(plan.leftTensors)), and the"
          + " types for them need one: left as they are; choose a type for them with --missing-type"
      )
    }
    if !plan.tensorsLackingImportance.isEmpty, plan.recipe.allowsMissingImportance {
      Warnings.write(
        "\(Self.list(plan.tensorsLackingImportance)): written without an importance matrix, weighting"
          + " all columns equally; expect a worse model")
    }
  }

  /// A line for each pair of types: a model may have hundreds of such tensors.
  private func warnOfFallbacks() {
    struct Kind: Hashable {
      let wanted: TensorType
      let used: TensorType
    }
    var kinds: [Kind] = []
    var tensors: [Kind: [ModelPlan.Tensor]] = [:]
    for tensor in plan.plan.tensors {
      guard let wanted = tensor.fallbackFrom else { continue }
      let kind = Kind(wanted: wanted, used: tensor.description.type)
      if tensors[kind] == nil { kinds.append(kind) }
      tensors[kind, default: []].append(tensor)
    }
    for kind in kinds {
      let own = tensors[kind] ?? []
      let widths = Set(own.map(\.rowWeights)).sorted().map(String.init)
      Warnings.write(
        "rows of \(Self.list(widths)) weights are not whole blocks of \(kind.wanted): using \(kind.used)"
          + " instead for \(own.count) \(own.count == 1 ? "tensor" : "tensors"),"
          + " \(Self.list(own.map(\.description.name)))")
    }
  }

  private func warnOfExperts() {
    if plan.writesSingleExperts { Warnings.write(Self.singleExperts) }
    if !plan.promotedTensors.isEmpty {
      let tensors = plan.promotedTensors.map { "\($0.name) (\($0.type))" }
      Notes.write("promoted to the best type of their experts: \(Self.list(tensors))")
    }
  }

  /// What loads a file in which every expert has a tensor.
  static let singleExperts =
    "each expert is written as its own tensor: this tool's evaluator reads this layout, llama.cpp"
    + " refuses it, and ik_llama.cpp loads it but uses the type of expert 0 for all"

  private func warn(_ coverage: ImportanceCoverage) {
    if !coverage.missingTensors.isEmpty {
      Warnings.write(
        "the importance matrix has no entry for \(Self.list(coverage.missingTensors)):"
          + " quantized without one")
    }
    ImportanceWarnings.warn(surplus: coverage.surplusEntries)
    guard !coverage.uncoveredExperts.isEmpty else { return }
    let tensors = coverage.uncoveredExperts.map { tensor, experts in
      "\(tensor) (\(experts.count == 1 ? "expert" : "experts") \(NumberList.text(of: experts)))"
    }
    Warnings.write(
      "the importance matrix has no data for some experts of \(tensors.count)"
        + " \(tensors.count == 1 ? "tensor" : "tensors"), which are quantized without it:"
        + " \(Self.list(tensors))")
  }

  /// The first names, and how many more there are.
  static func list(_ names: [String]) -> String {
    let shown = names.prefix(8).joined(separator: ", ")
    return names.count > 8 ? "\(shown) and \(names.count - 8) more" : shown
  }
}
