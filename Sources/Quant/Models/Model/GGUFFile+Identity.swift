// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF

extension GGUFFile {
  /// A mark of a model: its tensors' names, shapes and types, and the first bytes of each.
  ///
  /// Throws `QuantError.container` if they cannot be read.
  package func fingerprint() throws(QuantError) -> String {
    var mark = Fingerprint()
    var bytes = [UInt8](repeating: 0, count: 256)
    for tensor in tensors {
      mark.add(tensor.name)
      for dimension in tensor.dimensions { mark.add(dimension) }
      mark.add(Int(tensor.type.rawValue))
      let count = min(bytes.count, tensor.byteCount ?? 0)
      try QuantError.wrapping { () throws(GGUFError) in
        var span = bytes.mutableSpan
        var raw = unsafe span.mutableBytes
        var window = raw.part(0..<count)
        try read(tensor, at: 0, into: &window)
      }
      mark.add(Array(bytes[..<count]))
    }
    return mark.text
  }
}
