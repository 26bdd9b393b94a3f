// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport

/// Small models made in code, and plans for them.
enum TinyModel {
  /// A model of two layers with four experts each; rows of `width` weights.
  static func mixture(width: Int = 256, type: TensorType = .F16) -> ModelFile {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(2)
    model.metadata["llama.expert_count"] = .uint32(4)
    model.metadata["llama.attention.head_count"] = .uint32(4)
    model.metadata["llama.attention.head_count_kv"] = .array(
      MetadataArray(elementType: .uint32, [.uint32(4), .uint32(2)]))
    model.addWeights("token_embd.weight", [width, 64], type)
    for layer in 0..<2 {
      model.addWeights("blk.\(layer).attn_norm.weight", [width], .F32)
      model.addWeights("blk.\(layer).attn_v.weight", [width, 32], type)
      model.addWeights("blk.\(layer).ffn_gate_inp.weight", [width, 4], .F32)
      model.addWeights("blk.\(layer).ffn_up_exps.weight", [width, 32, 4], type)
      model.addWeights("blk.\(layer).ffn_down_exps.weight", [width, 32, 4], type)
    }
    model.addWeights("output_norm.weight", [width], .F32)
    model.addWeights("output.weight", [width, 64], type)
    return model
  }

  /// A matrix in which all columns of a model matter alike, under the names that the reference wrote
  /// into its files.
  static func flatImportance(
    for source: GGUFFile, named model: String = "tiny-moe"
  ) throws -> ImportanceMatrix {
    let entries = try source.tensors.filter { $0.dimensions.count > 1 }.map { tensor in
      let experts = tensor.dimensions.dropFirst(2).reduce(1, *)
      return try ImportanceMatrix.Entry(
        name: tensor.name, rowWeights: tensor.rowWeights,
        sums: Array(repeating: 1, count: tensor.rowWeights * experts),
        counts: Array(repeating: 1, count: experts))
    }
    return try ImportanceMatrix(
      path: "/tmp/ref2/\(model).imatrix.gguf", datasets: ["/tmp/ref2/c4cal.txt"], chunkCount: 200,
      chunkSize: 512, entries: entries)
  }

  /// A plan by a preset.
  static func plan(
    _ source: String, _ recipe: Recipe, to output: OutputNaming,
    importance: ImportanceMatrix? = nil
  ) throws -> RequantizePlan {
    try RequantizePlan(
      source: GGUFFile.open(source), recipe: recipe, importance: importance, output: output,
      toolVersion: "test")
  }

  /// Plans and runs.
  @discardableResult
  static func requantize(
    _ source: String, _ recipe: Recipe, to output: OutputNaming,
    importance: ImportanceMatrix? = nil, threads: Int = 2
  ) async throws -> PlanReport {
    let plan = try plan(source, recipe, to: output, importance: importance)
    try plan.check()
    return try await plan.executor.run(threads: threads) { _ in }
  }
}

extension ModelFile {
  /// Adds a tensor of finite weights of about the size of real ones, stored as F32 or F16.
  mutating func addWeights(_ name: String, _ dimensions: [Int], _ type: TensorType) {
    var random = SeededGenerator(seed: UInt64(tensors.count + 100))
    let values = (0..<dimensions.reduce(1, *)).map { _ in
      // The sum of four even numbers is nearly normal.
      (0..<4).reduce(Float(0)) { sum, _ in sum + Float.random(in: -0.04...0.04, using: &random) }
    }
    add(name, dimensions, type, bytes: Self.bytes(values, type))
  }

  static func bytes(_ values: [Float], _ type: TensorType) -> [UInt8] {
    values.flatMap { value -> [UInt8] in
      if type == .F16 {
        let bits = Float16(value).bitPattern
        return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
      }
      return (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
    }
  }
}
