// SPDX-License-Identifier: MIT

/// Encoders that are one kernel's work from the weights to the blocks' bytes.
extension KernelEncodedFormat {
  /// Hands all rows to the kernel.
  public static func encode(
    _ rows: Span<Float>, rowWeights: Int, importance: Span<Float>?, effort: Effort,
    into blocks: inout MutableRawSpan, by table: KernelTable
  ) {
    // With these counts, all that the kernel reads and writes lies in the spans.
    checkEncode(rows.count, rowWeights, importance?.count, blocks.byteCount)
    let (kernel, weights) = (table.encoder(of: Self.self), layout.weightsPerBlock)
    let memory = SearchMemory()
    unsafe blocks.withUnsafeMutableBytes { blocks in
      unsafe rows.withUnsafeBufferPointer { rows in
        guard let first = rows.baseAddress, let target = blocks.baseAddress else { return }
        var source = unsafe GroupSource(
          weights: first, count: rows.count / weights, importance: nil, column: 0,
          rowWeights: rowWeights)
        guard let importance else { return kernel(source, effort, memory.memory, target) }
        unsafe importance.withUnsafeBufferPointer {
          unsafe source.importance = $0.baseAddress
          kernel(source, effort, memory.memory, target)
        }
      }
    }
  }
}
