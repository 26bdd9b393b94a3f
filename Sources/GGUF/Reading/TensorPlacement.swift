// SPDX-License-Identifier: MIT

/// Gives every tensor its place: each must begin where the one before it ends, padded.
struct TensorPlacement {
  let file: String
  let dataOffset: Int
  let alignment: Int
  let shard: Int
  let fileBytes: Int?
  private(set) var tensors: [TensorInfo] = []
  private(set) var end: Int
  /// Where the next tensor must begin, from the start of the data; `nil` after one of unknown size.
  private var expected: Int? = 0

  /// Starts a table; `fileBytes` is given if all tensors must lie within the file.
  init(
    file: String, headerEnd: Int, dataOffset: Int, alignment: Int, shard: Int, fileBytes: Int?
  ) {
    self.file = file
    self.dataOffset = dataOffset
    self.alignment = alignment
    self.shard = shard
    self.fileBytes = fileBytes
    end = headerEnd
  }

  mutating func place(_ entry: TensorEntry) throws(FileError) {
    let tensor = entry.description
    try checkOffset(entry)
    guard let start = Checked.add(dataOffset, entry.relativeOffset),
      let stop = Checked.add(start, tensor.leastByteCount),
      let padded = Checked.align(stop, to: alignment)
    else {
      throw malformed(entry, expected: "an end below 2^63", found: "offset \(entry.relativeOffset)")
    }
    try requireData(tensor, from: start, to: stop)
    expected = tensor.byteCount == nil ? nil : padded - dataOffset
    if stop > start { end = stop }
    tensors.append(
      TensorInfo(
        name: tensor.name, dimensions: tensor.dimensions, type: tensor.type, shard: shard,
        byteOffset: start))
  }

  private func checkOffset(_ entry: TensorEntry) throws(FileError) {
    let offset = entry.relativeOffset
    guard offset % alignment == 0 else {
      throw malformed(
        entry, expected: "an offset that is a multiple of \(alignment)", found: "\(offset)")
    }
    if let expected {
      guard offset == expected else {
        throw malformed(
          entry, expected: "offset \(expected), right after the tensor before it",
          found: "\(offset)")
      }
    } else {
      guard dataOffset.addingReportingOverflow(offset).partialValue >= end else {
        throw malformed(entry, expected: "an offset after the tensor before it", found: "\(offset)")
      }
    }
  }

  /// A tensor must end within the file. One without weights is nowhere: even the padding before
  /// it may be missing.
  private func requireData(
    _ tensor: TensorDescription, from start: Int, to stop: Int
  ) throws(FileError) {
    guard let fileBytes, stop > start, stop > fileBytes else { return }
    throw .malformed(
      file: file, offset: start, what: "tensor \"\(tensor.name)\"",
      expected: tensor.byteCount.map { "\($0) bytes" } ?? "some bytes",
      found: "\(max(0, fileBytes - start)) before the end of the file"
        + " (cut short, or a download in progress)")
  }

  private func malformed(
    _ entry: TensorEntry, expected: String, found: String
  ) -> FileError {
    .malformed(
      file: file, offset: entry.place, what: "tensor \"\(entry.description.name)\"",
      expected: expected, found: found)
  }
}
