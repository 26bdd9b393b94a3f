// SPDX-License-Identifier: MIT

/// What kind of token a token is, and how text beside it is treated.
public struct TokenAttributes: OptionSet, Sendable {
  /// The bits.
  public let rawValue: UInt8

  /// Takes any bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// Stands for what the vocabulary has no other token for.
  public static let unknown = TokenAttributes(rawValue: 1)
  /// Never made of text.
  public static let unused = TokenAttributes(rawValue: 2)
  /// A piece of ordinary text.
  public static let normal = TokenAttributes(rawValue: 4)
  /// Steers the model, such as the beginning of a text.
  public static let control = TokenAttributes(rawValue: 8)
  /// Added to the vocabulary as a whole: found in any text before that is split.
  public static let userDefined = TokenAttributes(rawValue: 16)
  /// One byte, written `<0xNN>`.
  public static let byte = TokenAttributes(rawValue: 32)
  /// White space before the token belongs to it.
  static let stripsLeft = TokenAttributes(rawValue: 64)
  /// White space after the token belongs to it.
  static let stripsRight = TokenAttributes(rawValue: 128)

  /// The meaning of a number in `tokenizer.ggml.token_type`.
  init(type: Int) {
    self =
      switch type {
      case 1: .normal
      case 2: .unknown
      case 3: .control
      case 4: .userDefined
      case 5: .unused
      case 6: .byte
      default: []
      }
  }
}
