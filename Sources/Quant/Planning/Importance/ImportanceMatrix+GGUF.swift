// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// The GGUF form.
///
///     general.type = "imatrix"   imatrix.datasets [string]
///     imatrix.chunk_count u32    imatrix.chunk_size u32, tokens
///     NAME.in_sum2  F32 [columns, experts]   sums of squared activations
///     NAME.counts   F32 [1, experts]         activations that went into them
extension ImportanceMatrix {
  private static let sumsSuffix = ".in_sum2"
  private static let countsSuffix = ".counts"

  static func readGGUF(_ path: String) throws(QuantError) -> ImportanceMatrix {
    let file = try QuantError.wrapping { () throws(FileError) in try GGUFFile.open(path) }
    guard isImportanceMatrix(file) else {
      let kind = file.metadata["general.type"]?.text ?? file.metadata.architecture ?? "unknown"
      throw .content(
        file: path, line: 0,
        what:
          "expected an importance matrix (general.type \"imatrix\"), found a file of \"\(kind)\"")
    }
    var entries: [Entry] = []
    for tensor in file.tensors {
      if tensor.name.hasSuffix(sumsSuffix) {
        entries.append(try entry(tensor, in: file))
      } else if tensor.name.hasSuffix(countsSuffix) {
        let name = tensor.name.dropLast(countsSuffix.count)
        guard file.contains(name + sumsSuffix) else {
          throw .content(file: path, line: 0, what: "entry \"\(name)\" has counts but no sums")
        }
      }
    }
    return try ImportanceMatrix(
      path: path, datasets: file.metadata["imatrix.datasets"]?.elements?.strings() ?? [],
      chunkCount: file.metadata["imatrix.chunk_count"]?.integer,
      chunkSize: file.metadata["imatrix.chunk_size"]?.integer, entries: entries)
  }

  private static func entry(
    _ sums: TensorInfo, in file: GGUFFile
  ) throws(QuantError) -> Entry {
    let name = String(sums.name.dropLast(sumsSuffix.count))
    guard let counts = try? file.tensor(name + countsSuffix) else {
      throw .content(file: file.path, line: 0, what: "entry \"\(name)\" has no counts")
    }
    guard sums.weightCount > 0, counts.weightCount == sums.rowCount else {
      throw .content(
        file: file.path, line: 0,
        what: "entry \"\(name)\": expected \(sums.rowCount) counts for sums of "
          + "\(shape(sums)), found \(shape(counts))")
    }
    let countStore = try store(counts, of: name, in: file)
    return try Entry(
      file: file.path, name: name, rowWeights: sums.rowWeights, expertCount: sums.rowCount,
      counts: countStore.values(0..<countStore.count), sums: try store(sums, of: name, in: file))
  }

  private static func store(
    _ tensor: TensorInfo, of entry: String, in file: GGUFFile
  ) throws(QuantError) -> FloatStore {
    guard tensor.type == .F32 else {
      throw .content(
        file: file.path, line: 0,
        what: "entry \"\(entry)\": expected F32 numbers, found \(tensor.type)")
    }
    return try QuantError.wrapping { () throws(FileError) in
      try file.floats(of: tensor)
    }
  }

  private static func shape(_ tensor: TensorInfo) -> String {
    tensor.dimensions.map(String.init).joined(separator: " × ")
  }

  /// Writes the GGUF form, byte for byte as llama-imatrix lays it out.
  ///
  /// Entries of the older form get their number of runs as counts, which keeps the means.
  ///
  /// - Parameter path: The file; it is replaced only when the new one is whole.
  /// - Throws: `QuantError.file` if it cannot be written.
  public func write(to path: String) throws(QuantError) {
    let sorted = entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    try QuantError.wrapping { () throws(FileError) in
      try GGUFWriter.write(to: path, metadata: metadata, tensors: sorted.flatMap(\.tensors)) {
        writer throws(FileError) in
        for (place, entry) in sorted.enumerated() {
          try writer.write(entry.sums.bytes, to: 2 * place)
          try writer.write(entry.writtenCounts.bytes, to: 2 * place + 1)
        }
      }
    }
  }

  private var metadata: Metadata {
    var metadata = Metadata()
    metadata["general.type"] = .string("imatrix")
    metadata["imatrix.datasets"] = .array(MetadataArray(strings: datasets))
    metadata["imatrix.chunk_count"] = .uint32(UInt32(clamping: chunkCount ?? 0))
    metadata["imatrix.chunk_size"] = .uint32(UInt32(clamping: chunkSize ?? 0))
    return metadata
  }
}

extension ImportanceMatrix.Entry {
  /// The two tensors of the GGUF form. A last dimension of one is left out, as GGML does.
  fileprivate var tensors: [TensorDescription] {
    let experts = expertCount > 1 ? [expertCount] : []
    return [
      TensorDescription(name: name + ".in_sum2", dimensions: [rowWeights] + experts, type: .F32),
      TensorDescription(name: name + ".counts", dimensions: [1] + experts, type: .F32),
    ]
  }

  /// The counts, or what stands for them where the file had none.
  fileprivate var writtenCounts: FloatStore {
    if let counts { return FloatStore(counts) }
    return FloatStore((0..<expertCount).map { uncoveredExperts.contains($0) ? 0 : calls })
  }
}

extension FloatStore {
  /// The floats as a little-endian file holds them.
  var bytes: [UInt8] { values(0..<count).map(\.bitPattern).littleEndianBytes }
}
