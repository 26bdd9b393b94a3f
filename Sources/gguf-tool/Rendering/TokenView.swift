// SPDX-License-Identifier: MIT
import Quant

/// How tokens look.
package struct TokenView {
  /// The forms they can have.
  enum Form {
    /// `[1, 15043, 3186]`.
    case ids
    /// The count alone.
    case count
    /// A line for each token: its number and its piece.
    case lines
    /// The text, its tokens in turning colours.
    case colours
    case json
  }

  let tokenizer: Tokenizer
  let ids: [Int32]

  /// Writes the tokens; with `count`, their number as well.
  func show(_ form: Form, count: Bool) throws {
    switch form {
    case .json: try JSONOutput.write(TokensJSON(tokenizer, ids))
    case .count: try Output.write("\(ids.count)\n")
    case .ids: try Output.write("[" + ids.map(String.init).joined(separator: ", ") + "]\n")
    case .lines: try Output.write(lines)
    case .colours: try Output.write(Self.coloured(ids.map(tokenizer.piece(of:))))
    }
    if count, form == .ids { try Output.write("\(ids.count)\n") }
  }

  private var lines: String {
    ids.reduce(into: "") { text, id in
      text += Text.padded("\(id)", to: 6, rightAligned: true)
      text += "  '" + Self.printable(tokenizer.piece(of: id)) + "'\n"
    }
  }

  /// A piece on its own: bytes that are no text appear as `\xNN`.
  package static func printable(_ piece: [UInt8]) -> String {
    if let text = String(validating: piece, as: UTF8.self) { return Text.printable(text) }
    return piece.map { byte in
      if (0x20..<0x7F).contains(byte) { return String(Unicode.Scalar(byte)) }
      let digits = String(byte, radix: 16, uppercase: true)
      return "\\x" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
  }

  /// Backgrounds of 256-colour terminals on which black can be read.
  private static let backgrounds = [153, 158, 223, 218, 189]

  /// The pieces one after another, each in the next colour.
  ///
  /// A character may be split over tokens: it appears with the token that ends it. Line ends appear as
  /// `\n` and end the line too.
  package static func coloured(_ pieces: [[UInt8]]) -> String {
    var (text, open) = ("", [UInt8]())
    for (place, piece) in pieces.enumerated() {
      open += piece
      // At most three bytes of a character can be waiting for the next token.
      let isWhole = String(validating: open, as: UTF8.self) != nil
      guard isWhole || open.count > 3 || place + 1 == pieces.count else { continue }
      let shown = printable(open)
      open = []
      text += "\u{1B}[30;48;5;\(backgrounds[place % backgrounds.count])m\(shown)\u{1B}[0m"
      if shown.hasSuffix("\\n") { text += "\n" }
    }
    return text.hasSuffix("\n") || text.isEmpty ? text : text + "\n"
  }
}

/// Tokens for programs.
private struct TokensJSON: Encodable {
  struct Token: Encodable {
    let id: Int32
    let piece: String
  }

  let preTokenizer: String?
  let count: Int
  let tokens: [Token]

  init(_ tokenizer: Tokenizer, _ ids: [Int32]) {
    preTokenizer = tokenizer.preTokenizer
    count = ids.count
    tokens = ids.map { Token(id: $0, piece: TokenView.printable(tokenizer.piece(of: $0))) }
  }
}
