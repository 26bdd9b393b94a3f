// SPDX-License-Identifier: MIT
import Quant

/// Files of results that several commands write.
enum ResultFile {
  /// Writes the page of a frontier, and its figures beside it, as far as a stream has a place beside it.
  static func write(_ frontier: Frontier, to path: String) throws {
    try PlainFile.write(FrontierPage.html(of: frontier), to: path)
    guard let figures = FrontierView.figures(beside: path) else { return }
    try PlainFile.write(JSONOutput.text(of: FrontierJSON(frontier: frontier)), to: figures)
  }
}
