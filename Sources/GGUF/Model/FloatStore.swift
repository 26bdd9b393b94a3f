// SPDX-License-Identifier: MIT

/// Floats in memory or in a file.
package struct FloatStore: Sendable {
  private enum Storage: Sendable {
    case owned([Float])
    case file(LocalFile, offset: Int, ByteOrder)
  }

  package let count: Int
  private let storage: Storage

  package init(_ values: [Float]) {
    count = values.count
    storage = .owned(values)
  }

  /// Floats of a file, whose range was checked against the file's size: those of a local file stay there
  /// until asked for.
  ///
  /// Throws if the bytes of another source cannot be read.
  package init(
    _ source: any ByteSource, offset: Int, count: Int, order: ByteOrder
  ) throws(FileError) {
    precondition(offset >= 0 && count >= 0 && (source.byteCount - offset) / 4 >= count)
    self.count = count
    guard let file = source as? LocalFile else {
      let bytes = try source.bytes(offset..<offset + 4 * count)
      storage = .owned(unsafe Self.floats(bytes.span.bytes, 0..<count, at: 0, order))
      return
    }
    storage = .file(file, offset: offset, order)
  }

  /// The file that they are in, if they are in one.
  package var file: LocalFile? {
    if case .file(let file, _, _) = storage { file } else { nil }
  }

  /// A copy of some of the floats.
  package func values(_ range: Range<Int>) -> [Float] {
    switch storage {
    case .owned(let values):
      return Array(values[range])
    case .file(let file, let offset, let order):
      return Self.floats(file.mapping.bytes, range, at: offset, order)
    }
  }

  private static func floats(
    _ bytes: RawSpan, _ range: Range<Int>, at offset: Int, _ order: ByteOrder
  ) -> [Float] {
    range.map { index in
      let bits = unsafe bytes.unsafeLoadUnaligned(
        fromByteOffset: offset + 4 * index, as: UInt32.self)
      return Float(
        bitPattern: order == .little ? UInt32(littleEndian: bits) : UInt32(bigEndian: bits))
    }
  }
}
