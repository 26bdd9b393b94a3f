// SPDX-License-Identifier: MIT

/// A floating-point number inside a block: a scale, a min, or the weight itself.
public struct FloatField: Sendable, Hashable {
  /// How many bits it has, and how they are divided.
  public enum Kind: Sendable, Hashable {
    /// IEEE 754 binary16.
    case half
    /// The upper 16 bits of a binary32, as BF16 keeps them.
    case upperHalf
    /// IEEE 754 binary32.
    case single
    /// IEEE 754 binary64.
    case double
  }

  /// Its name in the drawing of the block.
  public let name: String
  /// Bytes from the start of the block.
  public let offset: Int
  /// How it is stored.
  public let kind: Kind

  /// Describes the number `name` at `offset`.
  public init(_ name: String, at offset: Int, _ kind: Kind) {
    self.name = name
    self.offset = offset
    self.kind = kind
  }
}

/// Something in a block that no encoder writes.
public struct BlockFault: Sendable, Hashable {
  /// What kinds there are; for programs.
  public enum Kind: String, Sendable, Encodable {
    /// A number that is NaN or infinite, or that makes weights so.
    case notFinite = "not_finite"
    /// A code that this format does not define.
    case code
  }

  /// What kind it is.
  public let kind: Kind
  /// The field's name in the drawing of the block.
  public let field: String
  /// Where the field lies, from the start of the block.
  public let byteOffset: Int
  /// What would have been right.
  public let expected: String
  /// What is there.
  public let found: String
}

/// A format in which some codes are invalid, or whose finite numbers may restore to infinite
/// weights: what its encoders never write, and a look at the floats alone does not find.
package protocol CodedFormat: BlockFormat {
  /// Looks for such bits.
  ///
  /// - Parameter block: One block.
  /// - Returns: The first fault, or `nil`.
  static func codeFault(inBlock block: RawSpan) -> BlockFault?
}

extension BlockFault {
  /// A number that must be finite and is not.
  static func notFinite(_ field: String, at offset: Int, _ found: some CustomStringConvertible)
    -> BlockFault
  {
    BlockFault(
      kind: .notFinite, field: field, byteOffset: offset, expected: "a finite number",
      found: "\(found)")
  }

  /// An invalid code.
  static func code(_ field: String, at offset: Int, expected: String, found: UInt8) -> BlockFault {
    BlockFault(
      kind: .code, field: field, byteOffset: offset, expected: expected, found: "\(found)")
  }
}

extension FloatField {
  /// The field's fault in a block, if it has one.
  package func fault(inBlock block: RawSpan) -> BlockFault? {
    let value = value(inBlock: block)
    return value.isFinite ? nil : .notFinite(name, at: offset, value)
  }

  /// The number in a block.
  private func value(inBlock block: RawSpan) -> Double {
    switch kind {
    case .half: Double(widenedHalf(block.u16(at: offset)))
    case .upperHalf: Double(Float(bitPattern: UInt32(block.u16(at: offset)) << 16))
    case .single: Double(Float(bitPattern: block.u32(at: offset)))
    case .double: Double(bitPattern: block.u64(at: offset))
    }
  }
}
