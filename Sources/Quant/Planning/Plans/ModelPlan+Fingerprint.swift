// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF
public import QuantModels

extension ModelPlan {
  /// A mark that changes with anything the output depends on: the files planned, the sources as they
  /// are on disk, and the importance matrix.
  func fingerprint(importance: ImportanceMatrix?) -> UInt64 {
    var mark = jobMark(importance)
    for file in source.files { mark.add(file.version) }
    return mark.value
  }

  /// A mark of the job that is the same on every machine that has the same source, whenever it was
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
    var mark = jobMark(importance)
    for file in source.files.indices {
      for part in 0..<16 { mark.add(try sample(file, part, of: 16)) }
    }
    return mark.text
  }

  private func jobMark(_ importance: ImportanceMatrix?) -> Fingerprint {
    var mark = Fingerprint()
    mark.add(FormatRegistry.encoderRevision)
    mark.add(SlabTable.weightsPerSlab)
    mark.add(effort.rawValue)
    for file in files { mark.add(file.layout.header) }
    for tensor in tensors {
      mark.add(tensor.action == .copy ? 0 : 1)
      mark.add(tensor.sliceRowWeights)
      for slice in tensor.slices {
        mark.add(slice.tensor)
        mark.add(slice.rows.lowerBound)
        mark.add(slice.rows.upperBound)
      }
    }
    for tensor in source.tensors {
      mark.add(Int(tensor.type.rawValue))
      mark.add(tensor.byteOffset)
    }
    for file in source.files { mark.add(file.byteCount) }
    importance?.mark(&mark)
    return mark
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
