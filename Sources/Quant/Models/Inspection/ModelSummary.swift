// SPDX-License-Identifier: MIT
public import GGUF

/// A model in a few numbers.
public struct ModelSummary: Sendable, Encodable {
  /// The path that was opened.
  public let path: String
  /// `general.name`.
  public let name: String?
  /// `general.architecture`.
  public let architecture: String?
  /// `general.type`: `model`, `adapter`, `imatrix`, …
  public let kind: String?

  /// Weights of all tensors.
  public let weightCount: Int
  /// Weights that a token goes through: all but the experts not chosen. The token embedding counts
  /// whole, as is usual when sizes of models are given. `nil` where the metadata does not say how
  /// many experts are used.
  public let activeWeightCount: Int?
  /// Bytes of all files, as they are now.
  public let fileBytes: Int
  /// Bytes of all files once they are whole; more than `fileBytes` only while some are cut short.
  public let wholeFileBytes: Int
  /// Bytes of all tensors, without padding and headers.
  public let tensorBytes: Int
  /// Bits for each weight of the tensors.
  public let bitsPerWeight: Double?
  /// The preset that the metadata names (`general.file_type`), such as `Q4_K_M`.
  public let fileType: String?

  /// Layers (`block_count`).
  public let layerCount: Int?
  /// Numbers that a token is between layers (`embedding_length`).
  public let embeddingLength: Int?
  /// Width of the dense feed-forward networks.
  public let feedForwardLength: PerLayer?
  /// Query heads.
  public let headCount: PerLayer?
  /// Key and value heads.
  public let keyValueHeadCount: PerLayer?
  /// Tokens of context that the model was made for.
  public let contextLength: Int?
  /// Tokens of the vocabulary in the file.
  public let vocabularySize: Int?
  /// The kind of tokenizer (`tokenizer.ggml.model`).
  public let tokenizer: String?
  /// The importance matrix that the file was quantized with.
  public let importance: ImportanceOrigin?

  /// Tensors in all files.
  public let tensorCount: Int
  /// The version of the GGUF format; `nil` for a model that is no GGUF file.
  public let formatVersion: Int?
  /// The byte order: `little` or `big`.
  public let byteOrder: String

  /// Reads the numbers off a model's header.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - experts: Its experts, if it has any.
  /// - Complexity: O(*n*) in tensors.
  public init(_ model: any ModelSource, experts: ExpertSummary?) {
    let metadata = model.metadata
    path = model.path
    name = metadata["general.name"]?.text
    architecture = metadata.architecture
    kind = metadata["general.type"]?.text
    weightCount = model.tensors.clampedSum(\.weightCount)
    activeWeightCount = Self.active(weightCount, experts)
    fileBytes = model.byteCount
    wholeFileBytes = model.files.clampedSum(\.wholeByteCount)
    tensorBytes = model.tensors.clampedSum { $0.byteCount ?? 0 }
    let isCounted = model.tensors.allSatisfy { $0.byteCount != nil }
    bitsPerWeight =
      isCounted ? QuantModels.bitsPerWeight(bytes: tensorBytes, weights: weightCount) : nil
    fileType = metadata["general.file_type"]?.integer.map { number in
      FileType(rawValue: number)?.name ?? "number \(number)"
    }
    layerCount = metadata.model("block_count")?.integer
    embeddingLength = metadata.model("embedding_length")?.integer
    feedForwardLength = metadata.model("feed_forward_length").flatMap(PerLayer.init)
    headCount = metadata.model("attention.head_count").flatMap(PerLayer.init)
    keyValueHeadCount = metadata.model("attention.head_count_kv").flatMap(PerLayer.init)
    contextLength = metadata.model("context_length")?.integer
    vocabularySize = metadata["tokenizer.ggml.tokens"]?.elements?.count
    tokenizer = metadata["tokenizer.ggml.model"]?.text
    importance = ImportanceOrigin(metadata)
    tensorCount = model.tensors.count
    formatVersion = model.formatVersion
    byteOrder = model.byteOrder == .little ? "little" : "big"
  }

  private static func active(_ all: Int, _ experts: ExpertSummary?) -> Int? {
    guard let experts else { return all }
    guard experts.activePart != nil, let used = experts.usedCount else { return nil }
    return all - experts.weightCount + experts.weightCount / experts.expertCount * used
  }
}

/// A number of the metadata that may differ from layer to layer.
public struct PerLayer: Sendable, Encodable, CustomStringConvertible {
  /// The values that occur, ascending.
  public let distinct: [Int]

  /// Takes an integer or an array of integers; `nil` for anything else.
  public init?(_ value: MetadataValue) {
    if let integer = value.integer {
      distinct = [integer]
    } else if let values = value.elements?.integers(Self.mostLayers), !values.isEmpty {
      distinct = Set(values).sorted()
    } else {
      return nil
    }
  }

  /// The number, or its range: `8`, `0 to 8`.
  public var description: String {
    guard let first = distinct.first, let last = distinct.last else { return "" }
    return first == last ? "\(first)" : "\(first) to \(last)"
  }

  /// Whether no layer has any.
  public var isZero: Bool { distinct == [0] }

  /// Writes the number, or the numbers that occur.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if distinct.count == 1 {
      try container.encode(distinct[0])
    } else {
      try container.encode(distinct)
    }
  }

  /// Far more layers than any model has; the rest of a longer array is not read.
  private static let mostLayers = 65_536
}

/// The importance matrix that a file was quantized with, as llama-quantize notes it.
public struct ImportanceOrigin: Sendable, Encodable {
  /// The matrix's file.
  public let file: String?
  /// The text that it was made from.
  public let dataset: String?
  /// Tensors that it knows.
  public let entryCount: Int?
  /// Chunks of text that were run.
  public let chunkCount: Int?

  /// Reads `quantize.imatrix.*`; `nil` if there is none.
  init?(_ metadata: Metadata) {
    file = metadata["quantize.imatrix.file"]?.text
    dataset = metadata["quantize.imatrix.dataset"]?.text
    entryCount = metadata["quantize.imatrix.entries_count"]?.integer
    chunkCount = metadata["quantize.imatrix.chunks_count"]?.integer
    if file == nil && dataset == nil && entryCount == nil { return nil }
  }
}
