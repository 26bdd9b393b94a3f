// SPDX-License-Identifier: MIT
public import GGUF
public import QuantModels
public import QuantPlanning

/// A model as far as memory depends on it: its sizes, and the shape and type of every tensor.
public struct MemoryModel: Sendable {
  /// One tensor.
  public struct Tensor: Sendable, Hashable {
    /// Name, shape and type.
    public let description: TensorDescription
    /// Its bytes, without padding.
    public let byteCount: Int
    /// Its layer; `nil` for tensors outside the layers.
    public let layer: Int?
    /// Whether it holds weights of routed experts.
    public let isOfExperts: Bool
    /// Its part in a feed-forward network; `nil` for other tensors.
    let feedForwardPart: FeedForwardPart?

    /// The tensor's name.
    public var name: String { description.name }
    /// How it is stored.
    public var type: TensorType { description.type }
    /// Weights in it.
    public var weightCount: Int { description.dimensions.reduce(1, *) }

    /// Takes a tensor; what its name says is taken from another of that name, if there is one.
    ///
    /// Throws `QuantError.content` if its bytes cannot be counted.
    init(
      _ tensor: TensorDescription, of file: String, like other: Tensor? = nil
    ) throws(QuantError) {
      guard let bytes = tensor.byteCount, bytes < 1 << 56 else {
        throw .content(
          file: file, line: 0,
          what: "tensor \"\(tensor.name)\": expected a size that can be counted, found"
            + " \(tensor.type.inWords) with rows of \(tensor.dimensions.first ?? 1)")
      }
      description = tensor
      byteCount = bytes
      if let other, other.name == tensor.name {
        (layer, isOfExperts) = (other.layer, other.isOfExperts)
        feedForwardPart = other.feedForwardPart
        return
      }
      // Encoders and decoders of one model number their layers alike.
      let isOfHalf = ["enc.", "dec."].contains(where: tensor.name.hasPrefix)
      layer = TensorName.layer(of: isOfHalf ? String(tensor.name.dropFirst(4)) : tensor.name)
      isOfExperts = ExpertTensorName(tensor.name) != nil
      feedForwardPart = FeedForwardPart(tensor.name)
    }
  }

  /// The file that it is read from or would be written to, or what stands for one.
  public let name: String
  /// The sizes.
  public let shape: ModelShape
  /// The tensors, in file order.
  public let tensors: [Tensor]
  /// Bytes of all tensors.
  public let tensorBytes: Int
  /// Weights of all tensors.
  public let weightCount: Int
  /// Bytes of the file or files; `nil` where there is no file to be exact about.
  public let fileBytes: Int?
  private let places: [String: Int]
  /// How routers weigh experts.
  let routing: ExpertRouting
  /// What the choice of types depends on.
  let facts: ModelFacts

  /// The same model with other tensors under the same names.
  init(_ model: MemoryModel, tensors: [Tensor]) {
    name = model.name
    shape = model.shape
    self.tensors = tensors
    tensorBytes = tensors.clampedSum(\.byteCount)
    weightCount = model.weightCount
    fileBytes = nil
    places = model.places
    routing = model.routing
    facts = model.facts
  }

  /// Reads a model's header.
  ///
  /// - Throws: `QuantError.content` for sizes that no model has, and for tensors of unknown size.
  /// - Complexity: O(*n*) in tensors.
  public init(_ source: any ModelSource) throws(QuantError) {
    try OtherContent.check(source)
    let tensors = source.tensors.map {
      TensorDescription(name: $0.name, dimensions: $0.dimensions, type: $0.type)
    }
    let whole = source.files.clampedSum(\.wholeByteCount)
    try self.init(
      name: source.path, metadata: source.metadata, tensors: tensors, fileBytes: whole)
  }

  /// Takes a model that is planned, not written.
  ///
  /// - Throws: As for a file.
  public init(_ plan: ModelPlan) throws(QuantError) {
    try self.init(
      name: plan.source.path, metadata: plan.files.first?.metadata ?? plan.source.metadata,
      tensors: plan.tensors.map(\.description), fileBytes: plan.byteCount)
  }

  /// Takes metadata and tensors as they would stand in a file.
  ///
  /// - Throws: As for a file.
  public init(
    name: String, metadata: Metadata, tensors: [TensorDescription], fileBytes: Int?
  ) throws(QuantError) {
    self.name = name
    self.fileBytes = fileBytes
    let shapes = Dictionary(
      tensors.map { ($0.name, $0.dimensions) }, uniquingKeysWith: { first, _ in first })
    routing = ExpertRouting(metadata)
    shape = try ModelShape(metadata, tensors: shapes, file: name)
    facts = try ModelFacts(metadata, path: name)
    self.tensors = try tensors.map { tensor throws(QuantError) in
      try Tensor(tensor, of: name)
    }
    tensorBytes = self.tensors.clampedSum(\.byteCount)
    weightCount = self.tensors.clampedSum(\.weightCount)
    places = Dictionary(
      tensors.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { a, _ in a })
    try checkLayers()
  }

  /// Whether a tensor is loaded: those of layers that predict further tokens are not, but for a few.
  func isLoaded(_ tensor: Tensor) -> Bool {
    guard let layer = tensor.layer, layer >= shape.trunkCount else { return true }
    let loaded = MemoryFamilies.named(shape.likeness)?.loadedOfDrafts ?? []
    return loaded.contains(String(tensor.name.dropFirst("blk.\(layer).".count)))
  }

  /// The index of a tensor of this name.
  func index(of name: String) -> Int? { places[name] }

  /// Whether there is a tensor of this name.
  func contains(_ name: String) -> Bool { places[name] != nil }

  /// Whether the output uses the embedding's weights.
  public var hasTiedOutput: Bool {
    !contains("output.weight") && MemoryFamilies.output(shape.architecture) != .none
  }

  /// Weights that a token goes through: of routed experts, only those used. The embedding counts whole;
  /// layers that only predict tokens ahead do not count.
  public var activeWeightCount: Int {
    let ahead = aheadLayers
    return tensors.clampedSum { tensor in
      if let layer = tensor.layer, ahead.contains(layer) { return 0 }
      guard tensor.isOfExperts, shape.expertCount > 0 else { return tensor.weightCount }
      return tensor.weightCount / shape.expertCount * shape.usedExperts
    }
  }

  private func checkLayers() throws(QuantError) {
    let beyond = tensors.first { ($0.layer ?? 0) >= shape.layerCount }
    guard let beyond else { return }
    throw .content(
      file: name, line: 0,
      what: "block_count: expected more than \(beyond.layer ?? 0) layers, as there is"
        + " \"\(beyond.name)\", found \(shape.layerCount)")
  }
}

/// What keys say of routers and queries, as far as it takes operations.
struct ExpertRouting: Sendable {
  let normsWeights: Bool
  let scalesWeights: Bool
  let usesSigmoid: Bool
  /// Whether queries of late positions are raised.
  let hasTemperature: Bool
  /// Whether scores are roots (of a softplus).
  let takesRoot: Bool

  init(_ metadata: Metadata) {
    normsWeights = metadata.model("expert_weights_norm")?.flag ?? false
    let scale = metadata.model("expert_weights_scale")?.number ?? 0
    scalesWeights = scale != 0 && scale != 1
    hasTemperature = (metadata.model("attention.temperature_scale")?.number ?? 0) != 0
    let gating = metadata.model("expert_gating_func")?.integer
    usesSigmoid = gating == 2
    takesRoot = gating == 4
  }
}
