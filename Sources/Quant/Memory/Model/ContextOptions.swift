// SPDX-License-Identifier: MIT
public import GGUF
public import QuantModels

/// How a model is run, as far as memory depends on it.
public struct ContextOptions: Sendable, Equatable {
  /// Tokens of context, of all sequences together.
  public var context: Int
  /// Tokens of a batch.
  public var batch = 2048
  /// Tokens that are computed at once.
  public var microBatch = 512
  /// Sequences at the same time.
  public var sequences = 1
  /// Whether sequences share one cache.
  public var isUnified = false
  /// Whether flash attention is used.
  public var usesFlashAttention = true
  /// The type of cached keys.
  public var keyType = TensorType.F16
  /// The type of cached values.
  public var valueType = TensorType.F16
  /// Whether layers with a sliding window cache everything.
  public var keepsWholeWindow = false
  /// Rows of logits that room is made for; `nil` for one a token of the micro-batch.
  public var outputRows: Int?
  /// Whether work with weights in host memory goes to a GPU where the batch is large.
  public var offloadsWork = true
  /// What computes on GPUs.
  public var backend = ComputeBackend.cuda
  /// Whether it does several operations at once where it can.
  public var usesFusion = true
  /// Whether caches are in GPU memory.
  public var offloadsCache = true

  /// The defaults of llama.cpp, for a context.
  public init(context: Int) { self.context = context }

  /// Cache types that llama.cpp takes.
  public static let cacheTypes: [TensorType] = [
    .F32, .F16, .BF16, .Q8_0, .Q4_0, .Q4_1, .IQ4_NL, .Q5_0, .Q5_1,
  ]

  /// Throws the first contradiction or absurd number, as a `QuantError.setting`.
  public func check(for shape: ModelShape) throws(QuantError) {
    try Self.check(.contextLength, context, in: 1...ShapeLimit.context)
    try Self.check(.batch, batch, in: 1...ShapeLimit.context)
    try Self.check(.microBatch, microBatch, in: 1...ShapeLimit.microBatch)
    try Self.check(.sequences, sequences, in: 1...ShapeLimit.sequences)
    for (setting, type) in [(QuantError.Setting.keyType, keyType), (.valueType, valueType)]
    where !Self.cacheTypes.contains(type) {
      let names = Self.cacheTypes.map(\.name).joined(separator: ", ")
      throw .setting(setting, what: "expected one of \(names), found \(type)")
    }
    if valueType.isQuantized && !usesFlashAttention {
      throw .setting(
        .valueType, what: "\(valueType) needs flash attention, which is turned off")
    }
    guard let layer = shape.attentionLayers.first else { return }
    if shape.attentionLayers.contains(where: \.isLatent), keyType != valueType {
      throw .setting(
        .valueType,
        what: "expected \(keyType), as keys and values of this model are cached in one"
          + " row, found \(valueType)")
    }
    try Self.checkRows(layer, .keyType, keyType, layer.keySize)
    try Self.checkRows(layer, .valueType, valueType, layer.valueSize)
  }

  private static func check(
    _ setting: QuantError.Setting, _ value: Int, in range: ClosedRange<Int>
  ) throws(QuantError) {
    guard !range.contains(value) else { return }
    throw .setting(
      setting,
      what: "expected a number from \(range.lowerBound) to \(range.upperBound), found \(value)")
  }

  private static func checkRows(
    _ layer: LayerMemory.Attention, _ setting: QuantError.Setting, _ type: TensorType,
    _ size: Int
  ) throws(QuantError) {
    let block = type.layout?.weightsPerBlock ?? 1
    guard size % block != 0 else { return }
    throw .setting(
      setting, what: "heads of \(size) numbers are not whole blocks of \(type), which have \(block)"
    )
  }

  // MARK: What llama.cpp makes of the options

  /// What sets the backend's buffers apart.
  var rules: BackendRules { BackendRules(backend, fuses: usesFusion) }
  /// The context, rounded up to what caches are made of.
  var paddedContext: Int { context.roundedUp(to: 256) }
  /// Streams that the cache is made of.
  var streams: Int { isUnified ? 1 : sequences }
  /// Tokens of context in a stream.
  var streamContext: Int {
    streams == 1 ? paddedContext : (paddedContext / sequences).roundedUp(to: 256)
  }
  /// Tokens of the graph that room is made for.
  var tokens: Int {
    min(microBatch, min(batch, paddedContext)).roundedUp(to: sequences)
  }
  /// Rows of logits of that graph.
  var outputs: Int { min(tokens, outputRows ?? min(batch, paddedContext)) }
}

extension TensorType {
  /// Bytes of a row; zero for types without a size.
  func bytes(ofRow weights: Int) -> Int {
    layout.map { (weights + $0.weightsPerBlock - 1) / $0.weightsPerBlock * $0.bytesPerBlock } ?? 0
  }
}
