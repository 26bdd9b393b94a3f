// SPDX-License-Identifier: MIT
internal import QuantModels

/// The same thing of both models.
struct WalkedPair<Value> {
  let whole: Value
  let quantized: Value

  init(whole: Value, quantized: Value) {
    self.whole = whole
    self.quantized = quantized
  }

  /// Makes it of each model.
  init(
    _ walk: SequentialCalibration, _ make: (WalkedModel) throws(QuantError) -> Value
  ) throws(QuantError) {
    whole = try make(walk.whole)
    quantized = try make(walk.quantized)
  }

  /// Makes something else of each.
  func map<Other>(
    _ make: (Value) throws(QuantError) -> Other
  ) throws(QuantError) -> WalkedPair<Other> {
    WalkedPair<Other>(whole: try make(whole), quantized: try make(quantized))
  }
}
