// SPDX-License-Identifier: MIT
internal import QuantEvaluation
internal import QuantModels

/// How many probes there are and how long they are, so that their states fit in memory.
struct ProbePlan {
  /// Whether all experts of a layer are tried together, a projection at a time.
  let isShared: Bool
  /// Probes.
  let count: Int
  /// Windows of each.
  let windows: Int

  /// Matrices of the whole text that a layer has at once: states, what goes in, what comes out, what
  /// changes, and as much again within a unit.
  private static let copies = 10

  /// A probe for each unit if half of the memory holds their states, else one for all experts of a
  /// layer; and fewer windows where that does not suffice.
  ///
  /// It is the same for every part of a job: `whole` is all of the text, of which so many `windows` are
  /// held here.
  ///
  /// Throws `QuantError.memory` if not even one window of each fits.
  init(
    _ evaluator: Evaluator, _ whole: WindowCounts, windows held: Int, units: [ModelUnit],
    probeWindows: Int
  ) throws(QuantError) {
    let perWindow = whole.length * evaluator.graph.stateWidth * MemoryLayout<Float>.size
    let needed = Self.copies * held * perWindow
    guard needed <= evaluator.options.memoryBytes / 2 else {
      throw .memory(
        .windowCount, what: "\(held) windows of \(whole.length) tokens need",
        neededBytes: 2 * needed,
        allowedBytes: evaluator.options.memoryBytes)
    }
    let wanted = max(1, min(probeWindows, whole.windows))
    let most = evaluator.options.memoryBytes / 2 / perWindow
    let probed = units.filter { $0.position != .output }
    if probed.count * wanted <= most {
      (isShared, count, windows) = (false, probed.count, wanted)
      return
    }
    let single = probed.count { $0.expert == nil }
    let positions = Set(probed.filter { $0.expert != nil }.map(\.position)).count
    (isShared, count) = (true, single + positions)
    windows = min(wanted, most / max(1, count))
    guard windows > 0 else {
      throw .memory(
        .windowLength, what: "\(count) probes of a window of \(whole.length) tokens need",
        neededBytes: 2 * count * perWindow, allowedBytes: evaluator.options.memoryBytes)
    }
  }
}
