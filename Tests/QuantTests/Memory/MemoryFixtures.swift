// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport

/// What llama.cpp needed in runs of models of real shapes, and the headers of these models.
enum MemoryFixtures {
  /// One row of a table with its columns by name.
  struct Row: Sendable {
    let values: [String: String]
    subscript(_ column: String) -> String { values[column] ?? "" }
    func number(_ column: String) -> Int { Int(self[column]) ?? 0 }
  }

  /// Decompresses a committed table or header.
  static func bytes(_ name: String) throws -> [UInt8] {
    try Zstd.decompress(
      Data(contentsOf: Paths.testVectors.appending(path: "memory/\(name).zst")))
  }

  static func lines(_ name: String) throws -> [String] {
    String(decoding: try bytes(name), as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// A table with a line of names and commas between fields.
  static func table(_ name: String) throws -> [Row] {
    let lines = try lines(name)
    let names = lines[0].split(separator: ",").map(String.init)
    return lines.dropFirst().map { line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      return Row(values: Dictionary(uniqueKeysWithValues: zip(names, fields)))
    }
  }

  /// The header of a model by its name, such as `tanuki-8b-Q6_K`; if it is hidden, with an architecture
  /// that nobody knows.
  static func model(_ name: String, isHidden: Bool = false) throws -> MemoryModel {
    let folder = try TemporaryFolder()
    let path = try folder.write(bytes("\(name).gguf"), "\(name).gguf")
    return try withExtendedLifetime(folder) {
      let file = try GGUFFile.open(path, requiring: .headerOnly)
      return isHidden ? try hidden(file) : try MemoryModel(file)
    }
  }

  private static func hidden(_ file: GGUFFile) throws -> MemoryModel {
    let (known, unknown) = ("\(file.metadata.architecture ?? "").", "hidden.")
    var metadata = Metadata()
    for entry in file.metadata.entries {
      let isOwn = entry.key.hasPrefix(known)
      metadata[isOwn ? unknown + entry.key.dropFirst(known.count) : entry.key] = entry.value
    }
    metadata["general.architecture"] = .string("hidden")
    let tensors = file.tensors.map {
      TensorDescription(name: $0.name, dimensions: $0.dimensions, type: $0.type)
    }
    return try MemoryModel(name: file.path, metadata: metadata, tensors: tensors, fileBytes: nil)
  }

  /// The options of a row of `groundtruth.csv`, or of the pairs of another table.
  ///
  /// Tables but `fuse2.csv` were made without what CUDA's fused kernels keep.
  static func options(_ row: Row, usesFusion: Bool = false) throws -> ContextOptions {
    var options = ContextOptions(context: row.number("c"))
    options.usesFusion = usesFusion
    options.batch = row.number("b")
    options.microBatch = row.number("ub")
    options.sequences = max(1, row.number("np"))
    options.isUnified = row["uni"] == "1"
    options.usesFlashAttention = row["fa"] == "1"
    options.keyType = TensorType(name: row["ctk"]) ?? .F16
    options.valueType = TensorType(name: row["ctv"]) ?? .F16
    options.keepsWholeWindow = row["swafull"] == "1"
    options.outputRows = row.number("nout") == 0 ? nil : row.number("nout")
    options.offloadsWork = row["oo"] != "0"
    options.offloadsCache = row["nkvo"] != "1"
    return options
  }

  /// `key=value` pairs set apart by spaces.
  static func pairs(_ text: some StringProtocol) -> Row {
    let pairs = String(text).split(separator: " " as Character).compactMap {
      pair -> (String, String)? in
      let parts = pair.split(separator: "=" as Character, maxSplits: 1).map(String.init)
      return parts.count == 2 ? (parts[0], parts[1]) : nil
    }
    return Row(values: Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
  }
}
