// SPDX-License-Identifier: MIT

/// Many strings of bytes, one behind the other in one piece of memory, such as the texts of a
/// vocabulary.
public struct StringTable: Sendable {
  /// The bytes of all strings.
  public private(set) var bytes: [UInt8] = []
  private var ends: [Int] = []

  /// Makes an empty table.
  public init() {}

  /// How many strings there are.
  public var count: Int { ends.count }

  /// Where the bytes of a string lie in `bytes`.
  public func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  /// The bytes of a string.
  public subscript(index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

  /// Adds a string at the end.
  public mutating func append(_ string: some Sequence<UInt8>) {
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
  }

  /// Makes room for strings to come.
  mutating func reserve(count: Int, byteCount: Int) {
    ends.reserveCapacity(count)
    bytes.reserveCapacity(byteCount)
  }

  /// Adds bytes of a file.
  mutating func append(_ string: RawSpan) {
    unsafe string.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    ends.append(bytes.count)
  }
}
