// SPDX-License-Identifier: MIT
public import GGUF

/// A plan to quantize a model by a recipe, with what the user should know before it runs.
public struct RequantizePlan: Sendable {
  /// What will be written.
  public let plan: ModelPlan
  /// The recipe it follows.
  public let recipe: Recipe
  /// Tensors whose new type works badly without an importance matrix, and that have none.
  public let tensorsLackingImportance: [String]
  /// Tensors quantized already, which would be quantized again without leave.
  public let requantizedTensors: [String]
  /// Types of the plan that this version cannot write.
  public let unwritableTypes: [TensorType]
  /// Tensors of the source whose bytes cannot be read as the plan needs them.
  public let unreadableTensors: [TensorInfo]
  /// Rules that matched no tensor that they could change: most likely a slip of the pen.
  public let unusedRules: [String]
  /// How far the importance matrix covers the tensors to be encoded; `nil` without a matrix.
  public let coverage: ImportanceCoverage?

  /// Plans a requantization.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - recipe: What is wanted.
  ///   - importance: The importance matrix, if there is one.
  ///   - output: The names of the output files.
  ///   - toolVersion: Written into the metadata.
  /// - Throws: `QuantError` if the metadata is not usable or a size cannot be counted.
  /// - Complexity: O(*n*) in tensors; no weights are read.
  public init(
    source: GGUFFile, recipe: Recipe, importance: ImportanceMatrix?, output: OutputNaming,
    toolVersion: String
  ) throws(QuantError) {
    let facts = try ModelFacts(source.metadata)
    let kept = try LayerPruning(recipe.prunedLayers, layerCount: facts.layerCount)
      .kept(source.tensors)
    let chooser = TypeChooser(
      recipe: recipe, facts: facts, tensors: kept.map(\.renamed), hasImportance: importance != nil)
    let tensors = kept.map { Self.tensor($0, chooser.choice(for: $0.renamed)) }
    let metadata = RequantizeMetadata(recipe: recipe, importance: importance, facts: facts)
      .metadata(from: source.metadata, toolVersion: toolVersion)
    plan = try ModelPlan(
      source: source, metadata: metadata, tensors: tensors, output: output, effort: recipe.effort)
    self.recipe = recipe
    let encoded = zip(kept, tensors).filter { $0.1.action == .encode }
    requantizedTensors = encoded.filter { $0.0.renamed.type.isQuantized }.map { $0.0.renamed.name }
    unwritableTypes = Set(encoded.map(\.1.description.type))
      .filter { FormatRegistry.encoder(of: $0) == nil }.sorted { $0.rawValue < $1.rawValue }
    unreadableTensors = zip(kept, tensors).filter { pair in
      // Copied bytes need no format, unless their order must change.
      (pair.1.action == .encode || source.byteOrder == .big)
        && FormatRegistry.format(of: pair.0.renamed.type) == nil
    }.map(\.0.renamed)
    let quantizable = kept.filter { !Untouchable.contains($0.renamed) }.map(\.renamed.name)
    unusedRules = recipe.rules.filter { !quantizable.contains(where: $0.matches) }.map(\.pattern)
    let encodedSources = encoded.map { source.tensors[$0.0.index] }
    coverage = try importance.map { matrix throws(QuantError) in
      try ImportanceCoverage(matrix, encodedSources)
    }
    tensorsLackingImportance = encoded.filter { pair in
      Self.needsImportance(pair.1.description, recipe.preset)
        && importance?.entry(forTensor: source.tensors[pair.0.index].name) == nil
    }.map(\.1.description.name)
  }

  private static func tensor(_ kept: LayerPruning.Kept, _ choice: TypeChoice) -> ModelPlan.Tensor {
    let info = kept.renamed
    return ModelPlan.Tensor(
      TensorDescription(name: info.name, dimensions: info.dimensions, type: choice.type),
      slices: [.init(tensor: kept.index, rows: 0..<info.rowCount)],
      action: choice.type == info.type ? .copy : .encode, fallbackFrom: choice.fallbackFrom)
  }

  /// Below three bits, quantizing without knowing what matters ruins a model. The embedding and the
  /// output are excused, as matrices often lack them.
  private static func needsImportance(_ tensor: TensorDescription, _ preset: FileType?) -> Bool {
    switch TensorRole(tensorName: tensor.name) {
    case .tokenEmbedding, .output: return false
    default: break
    }
    let types: Set<TensorType> = [.IQ3_XXS, .IQ2_XXS, .IQ2_XS, .IQ2_S, .IQ1_M, .IQ1_S]
    return types.contains(tensor.type) || (tensor.type == .Q2_K && preset == .Q2_K_S)
  }

  /// Throws the first reason why the plan must not run: leave to requantize, matrix, or a type.
  public func check() throws(QuantError) {
    if let tensor = unreadableTensors.first {
      throw .unsupported(
        "tensor \"\(tensor.name)\" cannot be decoded: it has \(GGUFFile.describe(tensor.type))")
    }
    if let type = unwritableTypes.first {
      throw .unsupported(
        "type \(type) cannot be written yet, only read; types that can: "
          + FormatRegistry.encodableNames)
    }
    if let name = requantizedTensors.first, !recipe.allowsRequantizing {
      throw .unsupported(
        "tensor \"\(name)\" is quantized already, as are \(requantizedTensors.count - 1) others:"
          + " quantizing again adds error to error; start from F16 or BF16, or pass"
          + " --allow-requantize")
    }
    if let name = tensorsLackingImportance.first, !recipe.allowsMissingImportance {
      throw .unsupported(
        "tensor \"\(name)\" and \(tensorsLackingImportance.count - 1) others would get types that"
          + " need an importance matrix: pass one with --imatrix, or go on without it by"
          + " --allow-missing-imatrix")
    }
    _ = try SlabTable(plan)
  }
}

/// Leaves layers out and numbers the others anew.
struct LayerPruning {
  /// A tensor that stays: its index in the source, and its line under the new name.
  struct Kept {
    let index: Int
    let renamed: TensorInfo
  }

  private let pruned: Set<Int>

  init(_ pruned: Set<Int>, layerCount: Int) throws(QuantError) {
    if let layer = pruned.filter({ $0 < 0 || $0 >= layerCount }).min() {
      throw .unsupported(
        "--prune-layers: expected layers from 0 to \(layerCount - 1), found \(layer)")
    }
    guard pruned.isEmpty || pruned.count < layerCount else {
      throw .unsupported("--prune-layers: none of the \(layerCount) layers would be left")
    }
    self.pruned = pruned
  }

  func kept(_ tensors: [TensorInfo]) -> [Kept] {
    tensors.enumerated().compactMap { index, tensor in
      guard !pruned.isEmpty, let layer = TensorName.layer(of: tensor.name) else {
        return Kept(index: index, renamed: tensor)
      }
      guard !pruned.contains(layer) else { return nil }
      let number = layer - pruned.count { $0 < layer }
      let name = TensorName.replacingLayer(of: tensor.name, with: number)
      return Kept(index: index, renamed: tensor.renamed(name))
    }
  }
}
