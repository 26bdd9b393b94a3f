// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// A device that memory is on.
public enum MemoryDevice: Sendable, Hashable {
  /// Host memory.
  case host
  /// A GPU, by its number.
  case gpu(Int)

  /// The name in options and reports.
  public var name: String {
    switch self {
    case .host: "CPU"
    case .gpu(let index): "GPU\(index)"
    }
  }
}

/// Where a model is put: llama.cpp's options as a value.
public struct PlacementRule: Sendable {
  /// A rule for tensors by name; the first that matches decides.
  public struct Override: Sendable {
    /// The regular expression as it was given.
    public let pattern: String
    /// Where matching tensors go.
    public let device: MemoryDevice
    private let matcher: TensorNamePattern

    /// Takes a regular expression that is looked for anywhere in the name.
    ///
    /// Throws `QuantError` if it is not a regular expression.
    public init(pattern: String, device: MemoryDevice) throws(QuantError) {
      self.pattern = pattern
      self.device = device
      matcher = try TensorNamePattern(pattern)
    }

    /// The experts of the first layers to host memory, as `--n-cpu-moe` has it.
    public static func expertsOfFirstLayers(_ count: Int) -> Override {
      let layers = 0..<max(0, min(count, ShapeLimit.layers))
      return Override(.experts(of: layers, in: ShapeLimit.layers), device: .host)
    }

    init(_ matcher: TensorNamePattern, device: MemoryDevice) {
      pattern = matcher.text
      self.device = device
      self.matcher = matcher
    }

    /// Whether any tensor of a model follows the rule.
    ///
    /// - Complexity: O(*n*) in tensors.
    public func matchesAny(of model: MemoryModel) -> Bool { model.tensors.contains(where: matches) }

    func matches(_ tensor: MemoryModel.Tensor) -> Bool { matcher.matches(tensor) }

    /// Whether tensors of a layer, or outside all layers, may follow the rule.
    func concerns(_ layer: Int?) -> Bool { matcher.concerns(layer) }
  }

  /// Which layers go to GPUs first, as the number of GPU layers grows.
  public enum LayerOrder: Sendable {
    /// The output counts as the last layer and goes first (llama.cpp since December 2025).
    case outputFirst
    /// The output goes last (before).
    case outputLast
  }

  /// Layers on GPUs, the output counted as one; `nil` for all.
  public var gpuLayers: Int?
  /// GPUs.
  public var gpuCount: Int
  /// Parts of the layers that each GPU takes; empty for equal parts.
  public var split: [Double] = []
  /// Rules for single tensors.
  public var overrides: [Override] = []
  /// Which layers go first.
  public var order = LayerOrder.outputFirst

  /// All layers on GPUs.
  public init(gpuCount: Int, gpuLayers: Int? = nil) {
    self.gpuCount = gpuCount
    self.gpuLayers = gpuLayers
  }
}

/// Where every layer and tensor of a model is.
public struct DevicePlacement: Sendable {
  /// The rule it follows.
  public let rule: PlacementRule
  /// The device of each layer, the output last.
  public let layers: [MemoryDevice]
  /// The device of each tensor.
  public let tensors: [MemoryDevice]
  /// The device of the second copy of the embedding that a model with tied output needs; `nil` if the
  /// output has weights of its own, and for most families without GPUs. In host memory, too, it is a
  /// second copy, pinned, unless the embedding is.
  public let outputCopy: MemoryDevice?
  /// Further devices that hold a copy of the factors for rotating positions.
  let factorCopies: [(tensor: Int, device: MemoryDevice)]

  /// Places a model.
  ///
  /// - Complexity: O(*n* · *m*) in tensors and rules.
  public init(_ model: MemoryModel, rule: PlacementRule) {
    self.rule = rule
    let layers = Self.layers(model.shape.layerCount, rule)
    let output = layers.last ?? .host
    let family = MemoryFamilies.named(model.shape.likeness)
    let lastNorm = MemoryFamilies.outputNorm(model)
    let turning = zip(layers, model.shape.layers).filter { family?.holdsFactors($1) ?? true }
      .map(\.0)
    let home = turning.first ?? .host
    // Fitting has a rule for each layer: one that cannot match need not be asked for every tensor.
    let overrides = layers.indices.map { layer in rule.overrides.filter { $0.concerns(layer) } }
    let others = rule.overrides.filter { $0.concerns(nil) }
    tensors = model.tensors.map { tensor in
      let forced = (tensor.layer.map { overrides[$0] } ?? others).first { $0.matches(tensor) }
      if let forced { return forced.device }
      if let layer = tensor.layer { return layers[layer] }
      if Self.isOfFactors(tensor.name) { return home }
      if Self.isOfFirstLayer(tensor.name) { return layers.first ?? .host }
      return Self.isOfOutput(tensor.name) || tensor.name == "\(lastNorm).weight" ? output : .host
    }
    let copying = Set(turning).subtracting([home])
    factorCopies = model.tensors.indices.filter { Self.isOfFactors(model.tensors[$0].name) }
      .flatMap { index in copying.map { (index, $0) } }
    let isCopied = rule.gpuCount > 0 || family?.holdsTiedOutputTwice ?? false
    let isShared =
      rule.gpuCount > 0 && output == .host && Self.pinsEmbedding(of: model)
      && !(family?.holdsTiedOutputTwice ?? false)
    outputCopy = model.hasTiedOutput && isCopied && !isShared ? output : nil
    self.layers = layers
  }

  /// Whether every layer, the output among them, is on a GPU.
  var isFullyOffloaded: Bool { !layers.contains(.host) }

  private static func isOfFactors(_ name: String) -> Bool {
    name.hasPrefix("rope_freqs.") || name.hasPrefix("rope_factors_")
  }

  private static func isOfOutput(_ name: String) -> Bool {
    ["output", "altup_", "enc.output", "dec.output", "cls", "dense_"]
      .contains(where: name.hasPrefix)
  }

  /// Whether a tensor without a layer goes with the first: what turns embeddings into inputs of layers.
  private static func isOfFirstLayer(_ name: String) -> Bool {
    name.hasPrefix("per_layer_model_proj.") || name.hasPrefix("per_layer_proj_norm.")
  }

  /// Whether the embedding is in the pinned memory that an output in host memory would be in, too: it is
  /// where a GPU could read single rows of its type.
  private static func pinsEmbedding(of model: MemoryModel) -> Bool {
    guard let index = model.index(of: "token_embd.weight") else { return false }
    return MemoryFamilies.named(model.shape.likeness)?.pinsEmbedding ?? false
      || [.F32, .F16, .BF16, .Q4_0, .Q4_1, .Q5_0, .Q5_1, .Q8_0].contains(model.tensors[index].type)
  }

  private static func layers(_ count: Int, _ rule: PlacementRule) -> [MemoryDevice] {
    let all = count + 1
    let wanted = rule.gpuCount > 0 ? min(rule.gpuLayers ?? all, all) : 0
    // Before, the output was beyond the layers that were counted, and went last.
    let first = rule.order == .outputFirst ? all - wanted : max(count - wanted, 0)
    let isOutputOnGPU = rule.order == .outputFirst ? wanted > 0 : wanted > count
    return (0..<all).map { layer in
      let isOnGPU = layer < count ? layer >= first && wanted > 0 : isOutputOnGPU
      return isOnGPU ? .gpu(gpu(of: layer - first, wanted: wanted, rule)) : .host
    }
  }

  /// The GPU whose part of the layers holds this one.
  private static func gpu(of place: Int, wanted: Int, _ rule: PlacementRule) -> Int {
    // llama.cpp works with 32-bit floats here, and layers at a border depend on their rounding.
    let parts = (0..<rule.gpuCount).map { Float($0 < rule.split.count ? rule.split[$0] : 0) }
    let even = !parts.contains { $0 > 0 }
    var sums: [Float] = []
    for part in parts { sums.append((sums.last ?? 0) + (even ? 1 : part)) }
    let total = sums.last ?? 1
    let position = Float(place) / Float(wanted)
    return sums.firstIndex { $0 / total > position } ?? rule.gpuCount - 1
  }
}
