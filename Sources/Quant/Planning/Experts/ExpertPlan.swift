// SPDX-License-Identifier: MIT
public import GGUF
public import QuantModels

/// What is to become of a model's experts.
public enum ExpertJob: Sendable {
  /// They are laid out so, all of them or some.
  case arrange(ExpertLayout, keeping: ExpertSelection?)
  /// One expert of each layer becomes the network of a dense model: a number for all layers, or one
  /// for each layer with experts.
  case dense([Int])
}

/// A plan to write a model with its experts laid out otherwise: bytes are copied, none is decoded.
public struct ExpertPlan: Sendable {
  /// What will be written.
  public private(set) var plan: ModelPlan
  /// The experts of the source that are left, by layer.
  public let kept: [Int: [Int]]
  /// Experts of each layer in the source.
  public let sourceExpertCount: Int
  /// Experts of each layer in the output; 0 for a dense model.
  public let expertCount: Int
  /// Whether some experts have a tensor each, which few programs load.
  public let writesSingleExperts: Bool
  /// Whether all tensors of the output are the source's, under the same names.
  public let changesNothing: Bool

  /// Plans the job.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - job: What is to become of its experts.
  ///   - output: The names of the output files.
  /// - Throws: `QuantError` for a model without experts, experts that do not exist or would be too few,
  ///   experts of different types that should be merged, and what a dense model cannot express.
  /// - Complexity: O(*n*) in tensors of both sides; no weights are read.
  public init(source: any ModelSource, job: ExpertJob, output: OutputNaming) throws(QuantError) {
    try OtherContent.check(source)
    let mixtures = try Mixtures(source)
    let whole = source.tensors.enumerated().map { TensorOutline(whole: $1, index: $0) }
    var metadata = source.metadata.withoutSplitKeys()
    var outlines: [TensorOutline]
    switch job {
    case .arrange(let layout, nil):
      kept = Dictionary(
        uniqueKeysWithValues: mixtures.layers.map { ($0, Array(0..<mixtures.expertCount)) })
      outlines = try layout.arranged(whole, expertCount: mixtures.expertCount)
      expertCount = mixtures.expertCount
    case .arrange(let layout, let selection?):
      kept = try selection.kept(of: mixtures)
      let pruning = ExpertPruning(mixtures: mixtures, kept: kept)
      outlines = try pruning.pruned(whole, layout)
      if layout == .merged {
        outlines = try layout.arranged(outlines, expertCount: pruning.expertCount)
      }
      metadata = pruning.metadata(metadata)
      expertCount = pruning.expertCount
    case .dense(let experts):
      let cut = try DenseCut(source, mixtures, experts: experts)
      kept = cut.chosen.mapValues { [$0] }
      outlines = try cut.tensors(whole)
      metadata = cut.metadata(metadata)
      expertCount = 0
    }
    if case .expertsApart = output { outlines = Self.expertsLast(outlines) }
    let tensors = try outlines.map { outline throws(QuantError) in try Self.copied(outline) }
    plan = try ModelPlan(source: source, metadata: metadata, tensors: tensors, output: output)
    sourceExpertCount = mixtures.expertCount
    writesSingleExperts = outlines.contains { ExpertTensorName($0.name)?.expert != nil }
    changesNothing = outlines.map(\.description) == source.tensors.map(\.description)
  }

  /// Leaves one file of the output to be written, by its number from 0; the others are for other
  /// machines.
  public mutating func narrow(toFile index: Int) { plan = plan.part(file: index) }

  private static func expertsLast(_ tensors: [TensorOutline]) -> [TensorOutline] {
    tensors.filter { ExpertTensorName($0.name) == nil }
      + tensors.filter { ExpertTensorName($0.name) != nil }
  }

  /// Refuses experts of different types in one tensor: these jobs change no bytes.
  private static func copied(_ outline: TensorOutline) throws(QuantError) -> ModelPlan.Tensor {
    guard outline.isMade(of: outline.description.type) else {
      throw .setting(
        .layout,
        what: "tensor \"\(outline.name)\": its experts have different types"
          + " (\(outline.typeList ?? "")), but a merged tensor has one")
    }
    return outline.tensor(outline.description.type, fallbackFrom: nil)
  }
}
