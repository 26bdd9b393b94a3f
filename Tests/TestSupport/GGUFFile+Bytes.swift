// SPDX-License-Identifier: MIT
public import GGUF

extension GGUFFile {
  /// Reads part of a tensor with ordinary reads.
  public func read(_ tensor: TensorInfo, at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var span = bytes.mutableSpan
    var raw = span.mutableBytes
    try read(tensor, at: offset, into: &raw)
    return bytes
  }
}
