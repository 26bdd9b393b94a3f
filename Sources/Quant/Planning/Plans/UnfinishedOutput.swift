// SPDX-License-Identifier: MIT
package import GGUF
package import QuantModels

/// An output whose files do not have their names yet.
package struct UnfinishedOutput: Sendable {
  /// What is written.
  package let plan: ModelPlan
  private let files: [GGUFWriter]
  let journal: Journal

  init(plan: ModelPlan, files: [GGUFWriter], journal: Journal) {
    self.plan = plan
    self.files = files
    self.journal = journal
  }

  /// What a refiner noted in earlier runs, in the order in which it did.
  package var notes: [[UInt64]] { journal.notes }

  /// Keeps words for the next run, should this one be cut off.
  ///
  /// - Precondition: There are 1 to `Journal.mostNoteWords` of them.
  package func note(_ words: [UInt64]) throws(QuantError) { try journal.append(note: words) }

  /// Bytes of a tensor of the plan, as they are now.
  package func bytes(_ range: Range<Int>, ofTensor index: Int) throws(QuantError) -> [UInt8] {
    let (file, place) = place(of: index)
    var bytes = [UInt8](repeating: 0, count: range.count)
    try QuantError.wrapping { () throws(FileError) in
      var span = bytes.mutableSpan
      var raw = unsafe span.mutableBytes
      try file.read(place, at: range.lowerBound, into: &raw)
    }
    return bytes
  }

  /// Writes bytes of a tensor of the plan.
  package func write(
    _ bytes: RawSpan, toTensor index: Int, at offset: Int
  ) throws(QuantError) {
    let (file, place) = place(of: index)
    do throws(FileError) {
      try file.write(bytes, to: place, at: offset)
    } catch {
      throw .file(error)
    }
  }

  /// The model as it is now: what is written later is read, too.
  package func model() throws(QuantError) -> GGUFFile {
    try QuantError.wrapping { () throws(FileError) in
      files.count == 1
        ? try GGUFFile.open(UnfinishedFile(files[0]))
        : try GGUFFile.open(shards: files.map(UnfinishedFile.init))
    }
  }

  /// The file of a tensor, and its place in the table of that.
  private func place(of index: Int) -> (file: GGUFWriter, tensor: Int) {
    let file = plan.tensors[index].file
    return (files[file], index - plan.files[file].tensors.lowerBound)
  }
}

/// A file that is being written, to be read as it is now.
private struct UnfinishedFile: ByteSource {
  private let file: GGUFWriter

  init(_ file: GGUFWriter) { self.file = file }

  var name: String { file.path }
  var byteCount: Int { file.layout.byteCount }
  /// Times change as the file is written, and who writes it answers for it.
  var version: Int { 0 }

  func read(at offset: Int, into buffer: inout MutableRawSpan) throws(FileError) {
    try file.read(at: offset, into: &buffer)
  }

  func checkUnchanged() {}

  func sibling(_ name: String) -> (any ByteSource)? { nil }
}
