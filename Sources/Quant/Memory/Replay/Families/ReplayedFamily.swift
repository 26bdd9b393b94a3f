// SPDX-License-Identifier: MIT

/// A family whose computation is not of the common form: the other half of its file among the families of
/// `Model`.
protocol ReplayedFamily: MemoryFamily {
  /// Builds the computation.
  static func build(_ builder: inout GraphBuilder)
}
