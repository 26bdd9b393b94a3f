// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// The memory of a projector: on the first GPU, or without GPUs in host memory.
struct ProjectorMemory {
  let items: [BesideModel.Item]

  /// Throws `QuantError.content` if the file is no projector.
  init(_ source: any ModelSource, isOnGPU: Bool, _ rules: BackendRules) throws(QuantError) {
    try BesideFile.check(source, is: .projector, "a projector (mmproj)")
    let device = isOnGPU ? MemoryDevice.gpu(0) : .host
    var weights = 0
    for tensor in source.tensors {
      let description = TensorDescription(
        name: tensor.name, dimensions: tensor.dimensions, type: tensor.type)
      weights = [
        weights, try BesideFile.bytes(description, of: source.path, on: device, rules),
      ].clampedSum { $0 }
    }
    let compute = ["vision", "audio"].compactMap { EncoderSizes(source.metadata, $0)?.computeBound }
    items = [
      .init(
        kind: .projectorWeights, file: source.path, device: device, bytes: weights, method: .exact),
      .init(
        kind: .projectorCompute, file: source.path, device: device, bytes: compute.max() ?? 0,
        method: .bound),
    ]
  }
}

/// The sizes of an encoder of images or sound that its buffer depends on.
struct EncoderSizes {
  /// Pieces of the largest image, or of half a minute of sound, that are encoded at once.
  let positions: Int
  let width: Int
  let feedForward: Int
  /// Numbers of a piece before it is encoded.
  let inputs: Int

  /// Takes sizes as they are.
  init(positions: Int, width: Int, feedForward: Int, inputs: Int) {
    (self.positions, self.width) = (positions, width)
    (self.feedForward, self.inputs) = (feedForward, inputs)
  }

  /// Reads `clip.vision.…` or `clip.audio.…`; `nil` where the file does not say, or has no such encoder.
  init?(_ metadata: Metadata, _ kind: String) {
    func number(_ key: String) -> Int? {
      metadata["clip.\(kind).\(key)"]?.integer.flatMap { (1...1 << 20).contains($0) ? $0 : nil }
    }
    guard let width = number("embedding_length"), let inner = number("feed_forward_length") else {
      return nil
    }
    guard kind == "vision" else {
      // 100 frames a second, of which two make a position.
      let bands = number("num_mel_bins") ?? 128
      self.init(positions: 1500, width: width, feedForward: inner, inputs: 2 * bands)
      return
    }
    guard let image = number("image_size"), let patch = number("patch_size") else { return nil }
    let side = (image + patch - 1) / patch
    let merge = number("spatial_merge_size")
    // Encoders that merge patches take images of any size, of up to 4096 tokens.
    let tokens = merge.map { min($0, 8) * min($0, 8) * Self.mostTokens }
    self.init(
      positions: max(min(side, 4096) * min(side, 4096), tokens ?? 0), width: width,
      feedForward: inner, inputs: 3 * min(patch, 1024) * min(patch, 1024))
  }

  /// Tokens of the largest image that llama.cpp lets through.
  private static let mostTokens = 4096

  /// Bytes that a layer cannot need more of at once: its feed-forward network beside queries, keys,
  /// values, what goes in, what is added and what comes out, and the image. Attention goes piece by piece
  /// (flash attention).
  var computeBound: Int {
    let numbers = feedForward + 6 * width + inputs
    let (bytes, overflow) = (4 * positions).multipliedReportingOverflow(by: numbers)
    return overflow ? BesideModel.mostBytes : min(bytes, BesideModel.mostBytes)
  }
}
