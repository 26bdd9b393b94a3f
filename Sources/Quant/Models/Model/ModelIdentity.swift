// SPDX-License-Identifier: MIT
internal import BlockFormats
package import GGUF

/// What tells one model from another: for journals, states, partial results and sensitivity files.
package enum ModelIdentity {
  /// Adds the sizes and versions of a model's files, so that another file, or one changed since, gives
  /// another fingerprint. For files whose source knows no versions it adds `content(of:)` instead.
  ///
  /// Throws `QuantError.file` if that cannot be read.
  package static func addFiles(
    of model: any ModelSource, to fingerprint: inout Fingerprint
  ) throws(QuantError) {
    for file in model.files {
      fingerprint.add(file.byteCount)
      fingerprint.add(file.version)
    }
    if model.files.contains(where: { $0.version == 0 }) { fingerprint.add(try content(of: model)) }
  }

  /// Adds what is the same wherever a model lies and whenever it was copied there: its headers, and
  /// `content(of:)`.
  ///
  /// Throws `QuantError.file` if it cannot be read.
  package static func addCopies(
    of model: any ModelSource, to fingerprint: inout Fingerprint
  ) throws(QuantError) {
    for (number, file) in model.files.enumerated() {
      fingerprint.add(file.byteCount)
      let header = 0..<min(file.headerByteCount, file.byteCount)
      fingerprint.add(
        try QuantError.wrapping { () throws(FileError) in
          try model.bytes(header, ofFile: number)
        })
    }
    fingerprint.add(try content(of: model))
  }

  /// A fingerprint of a model's tensors: their names, shapes and types, and the first bytes of each.
  ///
  /// Throws `QuantError.file` if they cannot be read. Complexity: O(*n*) in tensors.
  package static func content(of model: any ModelSource) throws(QuantError) -> String {
    var fingerprint = Fingerprint()
    var bytes = [UInt8](repeating: 0, count: 256)
    for tensor in model.tensors {
      fingerprint.add(tensor.name)
      for dimension in tensor.dimensions { fingerprint.add(dimension) }
      fingerprint.add(Int(tensor.type.rawValue))
      let count = min(bytes.count, tensor.byteCount ?? 0)
      try QuantError.wrapping { () throws(FileError) in
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        var window = raw.slice(0..<count)
        try model.read(tensor, at: 0, into: &window)
      }
      fingerprint.add(Array(bytes[..<count]))
    }
    return fingerprint.text
  }
}
