// SPDX-License-Identifier: MIT
internal import BlockFormats
package import GGUF

extension ModelSource {
  /// Copies part of a tensor's bytes as they are in a little-endian file.
  ///
  /// Throws `QuantError.file` if they cannot be read, `.unsupported` for a big-endian tensor of a type
  /// whose layout is not known.
  package func readBlocks(
    of tensor: TensorInfo, at offset: Int, into buffer: inout MutableRawSpan
  ) throws(QuantError) {
    do throws(FileError) {
      try read(tensor, at: offset, into: &buffer)
    } catch {
      throw .file(error)
    }
    guard byteOrder == .big else { return }
    guard let format = FormatRegistry.format(of: tensor.type) else {
      throw .unsupported(
        "tensor \"\(tensor.name)\" has \(tensor.type.inWords), whose bytes cannot be"
          + " brought into little-endian order")
    }
    ByteSwapping.swap(&buffer, of: format)
  }
}
