// SPDX-License-Identifier: MIT
import GGUF

extension ModelFile {
  /// A model of two million weights a layer, enough that to encode some layers takes a while.
  public static func long(layers: Int) -> ModelFile {
    var random = SeededGenerator(seed: 7)
    var weights: [UInt8] = []
    for _ in 0..<1 << 21 {
      // Half-precision numbers of magnitude 1/64 to 1/16, either sign.
      let bits = UInt16(random.next() & 0x87FF) | 0x2400
      weights += [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
    }
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(UInt32(layers))
    for layer in 0..<layers {
      model.add("blk.\(layer).ffn_up.weight", [2048, 1024], .F16, bytes: weights)
    }
    return model
  }
}
