// SPDX-License-Identifier: MIT
import GGUF
import Quant
import TestSupport

/// Small models with everything that experts can have.
enum ExpertModel {
  /// Two layers of four experts: fused and separate projections, biases, factors, a shared expert and
  /// a bias for the choice.
  static func rich(experts: Int = 4) -> ModelFile {
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(2)
    model.metadata["llama.expert_count"] = .uint32(UInt32(experts))
    model.metadata["llama.expert_used_count"] = .uint32(2)
    model.add("token_embd.weight", [64, 8], .F16)
    for layer in 0..<2 {
      let prefix = "blk.\(layer).ffn_"
      model.add("\(prefix)gate_inp.weight", [64, experts])
      model.add("\(prefix)gate_inp.bias", [experts])
      model.add("blk.\(layer).exp_probs_b.bias", [experts])
      for name in layer == 0 ? ["gate_up"] : ["gate", "up"] {
        let rows = name == "gate_up" ? 64 : 32
        model.add("\(prefix)\(name)_exps.weight", [64, rows, experts], .Q4_0)
        model.add("\(prefix)\(name)_exps.bias", [rows, experts])
        model.add("\(prefix)\(name)_exps.scale", [experts])
      }
      model.add("\(prefix)down_exps.weight", [32, 64, experts], .Q8_0)
      model.add("\(prefix)down_exps.bias", [64, experts])
      model.add("\(prefix)up_shexp.weight", [64, 32], .F16)
    }
    model.add("output.weight", [64, 8], .F16)
    return model
  }

  /// A matrix in which every column of every expert matters differently, merged as files have it.
  static func importance(
    for source: GGUFFile, perExpert: Bool = false
  ) throws -> ImportanceMatrix {
    var random = SeededGenerator(seed: 3)
    var entries: [ImportanceMatrix.Entry] = []
    for tensor in source.tensors where tensor.dimensions.count > 1 {
      let experts = tensor.dimensions.dropFirst(2).reduce(1, *)
      let sums = (0..<tensor.rowWeights * experts).map { _ in
        Float.random(in: 0.1...10, using: &random)
      }
      guard perExpert, let name = ExpertTensorName(tensor.name) else {
        entries.append(
          try .init(
            name: tensor.name, rowWeights: tensor.rowWeights, sums: sums,
            counts: Array(repeating: 1, count: experts)))
        continue
      }
      for expert in 0..<experts {
        let own = sums[expert * tensor.rowWeights..<(expert + 1) * tensor.rowWeights]
        entries.append(
          try .init(
            name: name.single(expert), rowWeights: tensor.rowWeights, sums: Array(own),
            counts: [1]))
      }
    }
    return try ImportanceMatrix(
      path: "test.imatrix", datasets: [], chunkCount: 1, chunkSize: 1, entries: entries)
  }
}
