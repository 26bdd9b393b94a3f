// SPDX-License-Identifier: MIT

extension TokenDivergence {
  /// Numbers that make one up.
  static let fields = 4

  /// What makes it up.
  var numbers: [Double] { [divergence, baseLoss, variantLoss, isSameTop ? 1 : 0] }

  /// Makes one of such numbers.
  init(_ numbers: ArraySlice<Double>) {
    let first = numbers.startIndex
    self.init(
      divergence: numbers[first], baseLoss: numbers[first + 1], variantLoss: numbers[first + 2],
      isSameTop: numbers[first + 3] != 0)
  }
}
