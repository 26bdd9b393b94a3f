// SPDX-License-Identifier: MIT
public import GGUF
public import QuantModels

extension ModelPlan {
  /// Plans to write a model's tensors and keys as they are, in one file or in shards.
  ///
  /// - Parameters:
  ///   - source: The model.
  ///   - output: The names of the output files.
  /// - Throws: `QuantError.file` for a tensor whose size is not known, `.unsupported` for too many files.
  /// - Complexity: O(*n*) in tensors; no weights are read.
  public init(copying source: any ModelSource, output: OutputNaming) throws(QuantError) {
    let tensors = source.tensors.enumerated().map { index, tensor in
      TensorOutline(whole: tensor, index: index).tensor(tensor.type, fallbackFrom: nil)
    }
    try self.init(
      source: source, metadata: source.metadata.withoutSplitKeys(), tensors: tensors, output: output
    )
  }
}
