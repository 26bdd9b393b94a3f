// SPDX-License-Identifier: MIT
public import GGUF

/// Everything that a model's header tells, as values.
public struct ModelInspection: Sendable {
  /// The model itself; its data may be missing.
  public let source: any ModelSource
  /// The model in a few numbers.
  public let summary: ModelSummary
  /// Tensors, weights and bytes by type.
  public let types: TypeHistogram
  /// The tensors, layers that are alike together.
  public let layerGroups: [LayerGroup]
  /// The mixtures of experts, if there are any.
  public let experts: ExpertSummary?
  /// The files.
  public let files: [FileSummary]
  /// What the user should know.
  public let warnings: [InspectionWarning]

  /// Opens a model, whether or not its data and its shards are all there, and looks at it.
  ///
  /// - Parameter path: The file, or one of the shards of a split model, which may have any name.
  /// - Returns: What its header tells.
  /// - Throws: `QuantError.file` for a file that cannot be read.
  /// - Complexity: O(*n*) in the bytes of the header.
  public static func open(_ path: String) throws(QuantError) -> ModelInspection {
    ModelInspection(
      try QuantError.wrapping { () throws(FileError) in
        try GGUFFile.open(path, requiring: .presentShards)
      })
  }

  /// Looks at a model.
  public init(_ source: any ModelSource) {
    self.source = source
    experts = ExpertSummary(tensors: source.tensors, metadata: source.metadata)
    summary = ModelSummary(source, experts: experts)
    types = TypeHistogram(source.tensors)
    layerGroups = LayerGroup.groups(of: source.tensors)
    files = source.files.enumerated().map { number, file in
      FileSummary(file, tensors: source.tensors(ofFile: number))
    }
    warnings = InspectionWarning.all(in: source, files: files, experts: experts)
  }

  /// What the weights are really stored as: `mostly Q4_K (62 % of weights), Q6_K 30 %`.
  ///
  /// Types below one per cent are left out.
  public var contents: String? {
    guard let first = types.shares.first else { return nil }
    let percent = { (share: Double) in
      share > 0.995 && share < 1 ? "> 99 %" : "\(Int((share * 100).rounded())) %"
    }
    let others = types.shares.dropFirst().filter { $0.weightShare >= 0.01 }
    return
      (["mostly \(first.type) (\(percent(first.weightShare)) of weights)"]
      + others.map { "\($0.type) \(percent($0.weightShare))" }).joined(separator: ", ")
  }
}

/// One tensor for programs.
public struct TensorSummary: Sendable, Encodable {
  /// The tensor's name.
  public let name: String
  /// Weights along each dimension, innermost first.
  public let dimensions: [Int]
  /// The type's name.
  public let type: String
  /// Weights.
  public let weightCount: Int
  /// Its size; `nil` where the type's size is not known.
  public let tensorBytes: Int?
  /// Which of the files holds it, from 0.
  public let shard: Int
  /// Where it begins in that file.
  public let offsetBytes: Int

  /// Copies what the tensor table says.
  public init(_ tensor: TensorInfo) {
    name = tensor.name
    dimensions = tensor.dimensions
    type = tensor.type.name
    weightCount = tensor.weightCount
    tensorBytes = tensor.byteCount
    shard = tensor.shard
    offsetBytes = tensor.byteOffset
  }
}
