// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels
public import QuantPlanning

extension MemoryModel {
  /// A model that exists only as a configuration, in F16 or in the types of a recipe.
  ///
  /// The size of the file lacks the vocabulary, which a configuration does not hold.
  ///
  /// - Throws: `QuantError.content` if the sizes do not make a model.
  /// - Complexity: O(*n*) in tensors.
  public init(
    _ header: ConfiguredHeader, name: String, recipe: Recipe? = nil
  ) throws(QuantError) {
    var tensors = header.tensors
    if let recipe {
      let facts = try ModelFacts(header.metadata, path: name)
      tensors = try Retyping(tensors, facts).tensors(recipe, hasImportance: false)
    }
    let layout = try QuantError.wrapping { () throws(FileError) in
      try GGUFLayout(path: name, metadata: header.metadata, tensors: tensors)
    }
    try self.init(
      name: name, metadata: header.metadata, tensors: tensors, fileBytes: layout.byteCount)
  }

  /// Weights of the layers that only predict tokens ahead (MTP). Programs leave them out of what they
  /// call a model's size, and do not load them unless they are asked to.
  public var aheadWeightCount: Int {
    let layers = aheadLayers
    guard !layers.isEmpty else { return 0 }
    return tensors.filter { $0.layer.map(layers.contains) ?? false }.clampedSum(\.weightCount)
  }

  /// The layers that only predict tokens ahead.
  var aheadLayers: Set<Int> {
    Set(tensors.lazy.filter { $0.name.holds(".nextn.") }.compactMap(\.layer))
  }

  /// Weights of the embeddings of tokens, positions and kinds of token.
  public var embeddingWeightCount: Int {
    tensors.filter { $0.name.holds("token_embd.") || $0.name.hasPrefix("position_embd.") }
      .clampedSum(\.weightCount)
  }
}
