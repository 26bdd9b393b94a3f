// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF
public import QuantModels

extension ModelPlan {
  /// A fingerprint that changes with anything the output depends on: the files planned, the sources as
  /// they are on disk, and the importance matrix.
  ///
  /// Throws `QuantError.file` if a source that knows no versions cannot be read.
  func fingerprint(importance: ImportanceMatrix?) throws(QuantError) -> UInt64 {
    var fingerprint = jobFingerprint(importance)
    try ModelIdentity.addFiles(of: source, to: &fingerprint)
    return fingerprint.value
  }

  /// A fingerprint of the job that is the same on every machine that has the same source, whenever it was
  /// copied there: what `fingerprint` goes by without the times of files, and 1 KiB out of each file of
  /// the source, taken at 16 places, to notice another model of the same shape.
  ///
  /// - Parameter importance: The importance matrix of the job.
  /// - Returns: 16 hexadecimal digits.
  /// - Throws: `QuantError.file` if the source cannot be read.
  /// - Complexity: O(*n*) in tensors and in values of the matrix.
  public func portableFingerprint(
    importance: ImportanceMatrix?
  ) throws(QuantError) -> String {
    try portableFingerprint(importance: importance, refiner: nil)
  }

  /// The same of a plan whose output something refines.
  package func portableFingerprint(
    importance: ImportanceMatrix?, refiner: (any OutputRefiner)?
  ) throws(QuantError) -> String {
    var fingerprint = jobFingerprint(importance)
    try refiner?.add(to: &fingerprint)
    for file in source.files.indices {
      for part in 0..<16 { fingerprint.add(try sample(file, part, of: 16)) }
    }
    return fingerprint.text
  }

  private func jobFingerprint(_ importance: ImportanceMatrix?) -> Fingerprint {
    var fingerprint = Fingerprint()
    fingerprint.add(FormatRegistry.encoderRevision)
    fingerprint.add(SlabTable.weightsPerSlab)
    fingerprint.add(effort.rawValue)
    for file in files { fingerprint.add(file.layout.header) }
    for tensor in tensors {
      fingerprint.add(tensor.action == .copy ? 0 : 1)
      fingerprint.add(tensor.sliceRowWeights)
      for slice in tensor.slices {
        fingerprint.add(slice.tensor)
        fingerprint.add(slice.rows.lowerBound)
        fingerprint.add(slice.rows.upperBound)
      }
    }
    for tensor in source.tensors {
      fingerprint.add(Int(tensor.type.rawValue))
      fingerprint.add(tensor.byteOffset)
    }
    for file in source.files { fingerprint.add(file.byteCount) }
    importance?.add(to: &fingerprint)
    return fingerprint
  }

  /// The first bytes of one of `count` equal parts of a file of the source.
  private func sample(_ file: Int, _ part: Int, of count: Int) throws(QuantError) -> [UInt8] {
    let byteCount = source.files[file].byteCount
    let start = byteCount / count * part
    return try QuantError.wrapping { () throws(FileError) in
      try source.bytes(start..<start + min(64, byteCount - start), ofFile: file)
    }
  }
}
