// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Files with bytes changed at random: whatever they claim, they end in an error or in numbers,
/// never in a trap.
@Suite("Inspection of damaged files")
struct InspectionMutationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Calls `body` with the path of a damaged copy, many times over.
  private func damage(
    _ whole: [UInt8], first: Int, rounds: Int, seed: UInt64, _ body: (String) throws -> Void
  ) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<rounds {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        let place = Int.random(in: 0..<min(first, bytes.count), using: &random)
        bytes[place] = random.next() & 1 == 0 ? .max : UInt8(truncatingIfNeeded: random.next())
      }
      if random.next() & 7 == 0 {
        bytes.removeLast(Int.random(in: 0..<bytes.count, using: &random))
      }
      try body(try folder.write(bytes, "damaged"))
    }
  }

  @Test func `models`() throws {
    var model = ModelFile.everyType
    model.metadata["llama.block_count"] = .uint32(2)
    model.metadata["llama.expert_count"] = .uint32(2)
    model.metadata["llama.expert_used_count"] = .uint32(1)
    model.add("blk.1.ffn_up_exps.weight", [32, 2, 2], .Q4_0)
    model.add("blk.1.ffn_down.0.weight", [32, 2], .Q8_0)
    let whole = try model.fileBytes()
    let header = whole.count - 4096
    var opened = 0
    try damage(whole, first: max(header, whole.count / 2), rounds: 1000, seed: 11) { path in
      guard let found = try? ModelInspection.open(path) else { return }
      opened += 1
      _ = try? JSONEncoder().encode(found.layerGroups)
      _ = try? JSONEncoder().encode(MetadataSummary(found.source.metadata, isFull: true))
      for tensor in found.source.tensors {
        _ = try? TensorStatistics.measure(tensor, of: found.source)
      }
    }
    #expect(opened > 0)
  }

  @Test(arguments: ["gguf", "dat"])
  func `importance matrices`(form: String) throws {
    let url = try Zstd.expand("tiny-moe.imatrix.\(form)", into: folder.url)
    let whole = Array(try Data(contentsOf: url))
    try damage(whole, first: 3000, rounds: 400, seed: 12) { path in
      _ = try? ImportanceMatrix.isImportanceMatrix(atPath: path)
      guard let matrix = try? ImportanceMatrix.read(path) else { return }
      for entry in matrix.entries {
        _ = matrix.entry(forTensor: entry.name)
        for expert in 0..<entry.expertCount { _ = entry.values(expert: expert) }
      }
      _ = ImportanceSummary(matrix)
    }
  }
}
