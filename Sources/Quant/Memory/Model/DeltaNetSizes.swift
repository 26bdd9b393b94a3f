// SPDX-License-Identifier: MIT

/// Sizes of a layer with the delta rule.
struct DeltaNetSizes {
  /// Heads of values, each with a state.
  let heads: Int
  /// Numbers of a head; a state has this many rows of them.
  let size: Int

  /// Numbers of all heads.
  var inner: Int { heads * size }
  /// Numbers of the states of a sequence.
  var state: Int { size * inner }
}
