// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Bytes of what a layer keeps, as llama.cpp allocates it.
struct CacheEstimate {
  let shape: ModelShape
  let options: ContextOptions
  /// Numbers of the widest row of values.
  let widestValues: Int

  init(shape: ModelShape, options: ContextOptions) {
    self.shape = shape
    self.options = options
    widestValues = shape.layers.lazy.map { $0.attention?.valueWidth ?? 0 }.max() ?? 0
  }

  /// Streams that caches are made of.
  var streams: Int { shape.hasStreamPerSequence ? options.sequences : options.streams }

  /// Tokens of context in a stream.
  var streamContext: Int {
    // Where sequences would share one cache, each has one of its size.
    shape.hasStreamPerSequence && options.isUnified
      ? options.paddedContext : options.streamContext
  }

  /// Cells of one stream of a layer's cache.
  func cells(_ attention: LayerMemory.Attention) -> Int {
    guard attention.isCached else { return options.tokens }
    guard attention.isSliding, !options.keepsWholeWindow else { return streamContext }
    let sharing = options.isUnified && !shape.hasStreamPerSequence ? options.sequences : 1
    let needed = shape.slidingWindow * sharing + options.tokens
    return min(streamContext, needed).roundedUp(to: 256)
  }

  /// Rows of a stream of another cache.
  func rows(_ cache: LayerMemory.Cache) -> Int {
    switch cache.rows {
    case .context: streamContext
    case .compressed(let tokens): ((streamContext + tokens - 1) / tokens).roundedUp(to: 256)
    case .fixed(let rows): rows
    }
  }

  /// Numbers of a cached row of values: without flash attention values are stored transposed, and all
  /// layers have room for the widest.
  func valueWidth(_ attention: LayerMemory.Attention) -> Int {
    !options.usesFlashAttention && attention.valueWidth > 0 ? widestValues : attention.valueWidth
  }

  /// Bytes of a layer's caches and states on a device.
  ///
  /// - Parameters:
  ///   - layer: The layer.
  ///   - isOnGPU: Whether it is a GPU.
  /// - Returns: Bytes with the padding of the device.
  func bytes(layer: Int, isOnGPU: Bool) -> Int {
    let memory = shape.layers[layer]
    let alignment = isOnGPU ? options.rules.alignment : BufferAlignment.host
    var bytes = memory.caches.reduce(0) {
      $0 + self.bytes($1, isOnGPU).roundedUp(to: alignment)
    }
    if let attention = memory.attention, attention.isCached, attention.sharedLayer == nil {
      let count = cells(attention) * streams
      bytes += tensor(options.keyType, attention.keyWidth, count, isOnGPU).roundedUp(to: alignment)
      bytes += tensor(options.valueType, valueWidth(attention), count, isOnGPU)
        .roundedUp(to: alignment)
    }
    if let recurrence = memory.recurrence {
      for width in [recurrence.windowWidth, recurrence.stateWidth] {
        bytes += (4 * width * options.sequences).roundedUp(to: alignment)
      }
    }
    return bytes
  }

  private func bytes(_ cache: LayerMemory.Cache, _ isOnGPU: Bool) -> Int {
    if case .fixed(let rows) = cache.rows { return 4 * cache.width * rows * options.sequences }
    let type = cache.isOfValues ? options.valueType : options.keyType
    return tensor(type, cache.width, rows(cache) * streams, isOnGPU)
  }

  private func tensor(_ type: TensorType, _ width: Int, _ cells: Int, _ isOnGPU: Bool) -> Int {
    guard width > 0 else { return 0 }
    return type.bytes(ofRow: width) * cells
      + (isOnGPU ? options.rules.padding(type, row: width) : 0)
  }
}
