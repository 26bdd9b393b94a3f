// SPDX-License-Identifier: MIT

/// What a format is called, how large its blocks are, and what takes its place.
public struct FormatFacts: Sendable {
  /// The number in files.
  public let type: TensorType
  /// GGML's name, in capitals.
  public let name: String
  /// The block's size.
  public let layout: TensorType.Layout
  /// Who can read the type.
  public let status: TensorType.Status
  /// The presets of llama-quantize that give most tensors this type.
  public let fileTypes: [FileTypeFacts]
  /// The type for rows that are not whole blocks of this one; F16 where there is none, or where rows
  /// are not whole blocks of that one either.
  public let fallback: TensorType?
  /// The type that llama.cpp's CPU code rounds the other factor of a product to, if any.
  public let activations: TensorType?
  /// What the format leaves of the variance of normal weights (the vectors' set `gauss`), where it was
  /// measured; planning starts from it.
  public let typicalError: Double?

  /// Describes a format.
  ///
  /// - Parameters:
  ///   - type: The number in files.
  ///   - name: GGML's name, in capitals.
  ///   - weights: Weights of a block.
  ///   - bytes: Bytes of a block.
  ///   - fileTypes: The presets of llama-quantize that give most tensors this type.
  ///   - fallback: The type for rows that are not whole blocks of this one.
  ///   - activations: The type that llama.cpp's CPU code rounds the other factor of a product to.
  ///   - typicalError: What the format leaves of the variance of normal weights.
  ///   - status: Who can read the type.
  public init(
    _ type: TensorType, _ name: String, weights: Int, bytes: Int, fileTypes: [FileTypeFacts] = [],
    fallback: TensorType? = nil, activations: TensorType? = nil,
    typicalError: Double? = nil, status: TensorType.Status = .current
  ) {
    self.type = type
    self.name = name
    layout = TensorType.Layout(weightsPerBlock: weights, bytesPerBlock: bytes)
    self.status = status
    self.fileTypes = fileTypes
    self.fallback = fallback
    self.activations = activations
    self.typicalError = typicalError
  }
}

/// A preset of llama-quantize, as `general.file_type` names it.
public struct FileTypeFacts: Sendable {
  /// The number in the metadata.
  public let number: Int
  /// llama-quantize's name for it.
  public let name: String
  /// Another name that llama-quantize takes for it.
  public let alias: String?

  /// Describes a preset.
  public init(_ number: Int, _ name: String, alias: String? = nil) {
    self.number = number
    self.name = name
    self.alias = alias
  }
}

/// A field wider than a byte inside a block, repeated `count` times: what a big-endian file swaps.
public struct WideField: Sendable, Hashable {
  /// Bytes from the start of the block.
  public let offset: Int
  /// Bytes of one number: 2, 4 or 8.
  public let width: Int
  /// How many such numbers follow each other.
  public let count: Int

  /// Describes `count` numbers of `width` bytes at `offset`.
  public init(offset: Int, width: Int, count: Int = 1) {
    self.offset = offset
    self.width = width
    self.count = count
  }
}
