// SPDX-License-Identifier: MIT
public import GGUF
internal import QuantModels

/// What else sits in memory while a model runs.
public struct BesideModel: Sendable {
  /// One part of it on one device.
  public struct Item: Sendable, Equatable {
    /// What takes the memory.
    public enum Kind: String, Sendable {
      /// Weights that turn images or sound into a model's input.
      case projectorWeights = "mmproj_weights"
      /// The buffer that a projector computes in.
      case projectorCompute = "mmproj_compute"
      /// Weights of a draft model.
      case draftWeights = "draft_weights"
      /// The draft model's cache.
      case draftCache = "draft_cache"
      /// The buffers that the draft model computes in, and its logits.
      case draftCompute = "draft_compute"
      /// Low-rank changes to the model.
      case adapter = "lora"
      /// States that llama-server goes back to.
      case checkpoints = "ctx_checkpoints"
    }

    /// What it is.
    public let kind: Kind
    /// The file that it comes from; `nil` for checkpoints.
    public let file: String?
    /// Where it is.
    public let device: MemoryDevice
    /// How much it is.
    public let bytes: Int
    /// How sure that is.
    public let method: EstimateMethod
  }

  /// A projector (`--mmproj`).
  public var projector: (any ModelSource)?
  /// A draft model, which predicts tokens for the model to check.
  public var draft: MemoryModel?
  /// Whether the model's own layers that predict further tokens are loaded to draft with (`--draft mtp`).
  public var draftsWithOwnLayers = false
  /// Adapters (`--lora`).
  public var adapters: [any ModelSource] = []
  /// Checkpoints that a server keeps of each sequence; `nil` where none are counted.
  public var checkpoints: Int?

  /// What llama-server keeps of each sequence unless told otherwise.
  public static let usualCheckpoints = 32
  /// More than anybody keeps.
  public static let mostCheckpoints = 100_000
  /// More than any machine has.
  static let mostBytes = 1 << 55

  /// Nothing.
  public init() {}

  /// The parts, where the model is placed so.
  ///
  /// - Throws: `QuantError.content` for files of another kind, and for a draft model that cannot run with
  ///   these options.
  /// - Complexity: O(*n*) in tensors; one estimate for a draft model.
  func items(
    _ model: MemoryModel, _ options: ContextOptions, _ placement: DevicePlacement
  ) throws(QuantError) -> [Item] {
    let gpus = placement.rule.gpuCount
    var items: [Item] = []
    if let projector {
      items += try ProjectorMemory(projector, isOnGPU: gpus > 0, options.rules).items
    }
    if let draft { items += try Self.items(draft: draft, options, gpus: gpus) }
    if draftsWithOwnLayers { items += try DraftLayersMemory(model, options, placement).items }
    for adapter in adapters {
      items += try AdapterMemory(adapter, of: model, placement, options.rules).items
    }
    if let checkpoints {
      let (bytes, overflow) = model.checkpointBytes(options)
        .multipliedReportingOverflow(by: checkpoints * options.sequences)
      items.append(
        .init(
          kind: .checkpoints, file: nil, device: .host,
          bytes: overflow ? Self.mostBytes : min(bytes, Self.mostBytes), method: .bound))
    }
    return items.filter { $0.bytes > 0 }
  }

  /// A draft model has a cache and buffers of its own, for the same context, in the usual types.
  private static func items(
    draft: MemoryModel, _ options: ContextOptions, gpus: Int
  ) throws(QuantError) -> [Item] {
    var options = options
    (options.keyType, options.valueType) = (.F16, .F16)
    try options.check(for: draft.shape)
    let placement = DevicePlacement(draft, rule: PlacementRule(gpuCount: gpus))
    let estimate = MemoryEstimate(draft, placement: placement, options: options)
    return (estimate.gpus + [estimate.host]).flatMap { memory in
      [
        (Item.Kind.draftWeights, memory.weights, EstimateMethod.exact),
        (.draftCache, memory.cache, .exact),
        (.draftCompute, memory.compute + memory.output, estimate.computeMethod),
      ].map { kind, bytes, method in
        Item(kind: kind, file: draft.name, device: memory.device, bytes: bytes, method: method)
      }
    }
  }
}

/// A file that is used beside a model.
enum BesideFile {
  /// Throws `QuantError.content` for a file of another kind.
  static func check(
    _ source: any ModelSource, is kind: OtherContent, _ words: String
  ) throws(QuantError) {
    let found = OtherContent(source)
    guard found != kind else { return }
    throw .content(
      file: source.path, line: 0,
      what: "expected \(words), found \(found == nil ? "a model" : "a file of another kind")")
  }

  /// Bytes of a tensor on a device.
  static func bytes(
    _ tensor: TensorDescription, of file: String, on device: MemoryDevice, _ rules: BackendRules
  ) throws(QuantError) -> Int {
    MemoryEstimate.bytes(of: try MemoryModel.Tensor(tensor, of: file), on: device, rules)
  }
}
