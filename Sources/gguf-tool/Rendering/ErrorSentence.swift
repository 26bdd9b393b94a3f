// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// An error as it is printed: on one line, with nothing in it that steers a terminal.
///
/// Errors quote what they found in files, which may be anything, of any length.
struct ErrorSentence: Error, CustomStringConvertible {
  /// Characters at either end that are printed of a sentence longer than both together.
  private static let endLength = 1000

  /// The sentence.
  let description: String

  /// An error of the libraries in words, with the options of the command that ran; any other, such as
  /// those about arguments, as it is.
  static func of(_ error: any Error, in command: (any ParsableCommand.Type)?) -> any Error {
    if let error = error as? ValidationError {
      return WrongArguments(description: shortened(error.message))
    }
    guard error is QuantError || error is FileError else { return error }
    let sentence = shortened((error as? QuantError)?.sentence(in: command) ?? "\(error)")
    if let error = error as? QuantError, let command, error.isOfOption(in: command) {
      return WrongArguments(description: sentence)
    }
    return ErrorSentence(description: Text.printable(sentence))
  }

  /// Leaves out the middle: the place stands at the beginning, and what was wrong at the end.
  private static func shortened(_ text: String) -> String {
    guard text.utf8.count > 2 * endLength else { return text }
    let scalars = text.unicodeScalars
    guard scalars.count > 2 * endLength else { return text }
    return String(scalars.prefix(endLength)) + "…" + String(scalars.suffix(endLength))
  }
}
