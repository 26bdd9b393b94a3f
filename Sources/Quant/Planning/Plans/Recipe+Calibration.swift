// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

extension Recipe {
  /// Types of a token embedding, and what it gets instead.
  private static let raised: [TensorType: TensorType] = [
    .Q2_K: .Q3_K, .Q3_K: .Q4_K, .IQ3_S: .Q4_K, .IQ4_XS: .Q4_K, .Q4_K: .Q5_K,
  ]

  /// The recipe for a file that is calibrated: where a preset decides about both, bits of the output matrix go
  /// to the token embedding.
  ///
  /// Calibration halves the damage of every matrix but the embedding's, which then does most of it: on
  /// tiny-moe three quarters with Q3_K_M. The output matrix at Q5_K and the embedding one type up take no more
  /// bytes than the preset's Q6_K and its type.
  ///
  /// - Parameters:
  ///   - outlines: The tensors of the output.
  ///   - chooser: Gives them the preset's types.
  /// - Returns: The recipe with a type for both; the same where one was asked for, where both are one tensor or
  ///   there are further embeddings, where one is quantized already, or where it would take more bytes.
  /// - Throws: `QuantError` as the chooser does.
  func favoringEmbedding(
    _ outlines: [TensorOutline], _ chooser: TypeChooser
  ) throws(QuantError) -> Recipe {
    let embeddings = outlines.filter { TensorRole(tensorName: $0.name) == .tokenEmbedding }
    guard preset != nil, !isPure, !leavesOutputTensor, tokenEmbeddingType == nil,
      outputTensorType == nil, embeddings.count == 1, let embedding = embeddings.first,
      let output = outlines.first(where: { TensorRole(tensorName: $0.name) == .output }),
      embedding.description.dimensions == output.description.dimensions,
      !(embedding.sourceTypes + output.sourceTypes).contains(where: \.isQuantized),
      !rules.contains(where: { $0.matches(embedding.name) || $0.matches(output.name) })
    else { return self }
    let usual = try chooser.choice(for: embedding).type
    guard let type = Self.raised[usual], try chooser.choice(for: output).type == .Q6_K,
      Self.bits(type, .Q5_K) <= Self.bits(usual, .Q6_K)
    else { return self }
    var result = self
    result.tokenEmbeddingType = type
    result.outputTensorType = .Q5_K
    return result
  }

  private static func bits(_ a: TensorType, _ b: TensorType) -> Double {
    (a.layout?.bitsPerWeight ?? 0) + (b.layout?.bitsPerWeight ?? 0)
  }
}
