// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelReader {
  /// Multiplies what heads give by a gate: `attn_gate`, with a number for each value or one for each head,
  /// whichever the file has.
  ///
  /// - Parameters:
  ///   - attention: What is changed.
  ///   - layer: Which layer.
  ///   - function: What becomes of the gate's numbers first.
  ///   - required: Whether it must be there.
  /// - Throws: `QuantError` for a tensor that is missing or does not fit.
  func gate(
    _ attention: inout AttentionGraph, layer: Int, _ function: AttentionGate.Function = .sigmoid,
    required: Bool = true
  ) throws(QuantError) {
    let name = "blk.\(layer).attn_gate"
    let isThere = source.contains("\(name).weight")
    guard isThere || required else { return }
    let values = attention.heads * attention.valueSize
    let rows = isThere ? try rowCount(of: "\(name).weight") : values
    let width = attention.output.outputs
    attention.gate = AttentionGate(
      .linear(try linear(name, width, rows == attention.heads ? rows : values)), function)
  }

  private func rowCount(of name: String) throws(QuantError) -> Int {
    try QuantError.wrapping { () throws(FileError) in try source.tensor(name) }.rowCount
  }
}
