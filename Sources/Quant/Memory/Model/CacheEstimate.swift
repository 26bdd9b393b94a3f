// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Bytes of what a layer keeps, as llama.cpp allocates it.
struct CacheEstimate {
  let shape: ModelShape
  let options: ContextOptions

  /// Cells of one stream of a layer's cache.
  func cells(_ attention: LayerMemory.Attention) -> Int {
    attention.isSliding ? options.slidingCells(shape.slidingWindow) : options.streamContext
  }

  /// Bytes of a layer's cache and state on a device.
  ///
  /// - Parameters:
  ///   - layer: The layer.
  ///   - isOnGPU: Whether rows of quantized caches are padded as CUDA does it.
  /// - Returns: Bytes with the padding of the device.
  func bytes(layer: Int, isOnGPU: Bool) -> Int {
    let memory = shape.layers[layer]
    let alignment = BufferAlignment.of(isOnGPU: isOnGPU)
    var bytes = 0
    if let attention = memory.attention {
      let count = cells(attention) * options.streams
      bytes += tensor(options.keyType, attention.keyWidth, count, isOnGPU).roundedUp(to: alignment)
      bytes += tensor(options.valueType, attention.valueWidth, count, isOnGPU)
        .roundedUp(to: alignment)
    }
    if let recurrence = memory.recurrence {
      for width in [recurrence.windowWidth, recurrence.stateWidth] {
        bytes += (4 * width * options.sequences).roundedUp(to: alignment)
      }
    }
    return bytes
  }

  private func tensor(_ type: TensorType, _ width: Int, _ cells: Int, _ isOnGPU: Bool) -> Int {
    guard width > 0 else { return 0 }
    return type.bytes(ofRow: width) * cells + (isOnGPU ? RowPadding.bytes(type, row: width) : 0)
  }
}

/// What tensors of a buffer begin at multiples of.
enum BufferAlignment {
  static let gpu = 128
  static let host = 32
  /// Host memory that GPUs copy from.
  static let pinned = 64

  static func of(isOnGPU: Bool) -> Int { isOnGPU ? gpu : host }
}

/// CUDA reads quantized rows in pieces of 512 weights: the last row of a tensor is padded to one.
enum RowPadding {
  static func bytes(_ type: TensorType, row weights: Int) -> Int {
    guard type.isQuantized, weights % 512 != 0 else { return 0 }
    return type.bytes(ofRow: 512 - weights % 512)
  }
}
