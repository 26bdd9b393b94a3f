// SPDX-License-Identifier: MIT
internal import GGUF

/// Kinds of runs that measurements differ from predictions alike in.
enum RunKind {
  /// All in one memory, without experts.
  case dense
  /// All in one memory, with experts.
  case mixture
  /// Partly on a processor, partly on a GPU, or copied from one to the other.
  case split
  /// With grid types (IQ1, IQ2, IQ3) on a GPU.
  case grids

  init(_ traffic: TokenTraffic) {
    let places = traffic.reads.filter { $0.value.values.reduce(0, +) > 0 }
    let hasGrids = places.contains { $0.key != .cpu && $0.value.keys.contains(where: \.isGrid) }
    let isSplit = traffic.fetchedBytes > 0 || (places[.cpu] != nil && places.count > 1)
    self =
      hasGrids
      ? .grids : isSplit ? .split : traffic.mixtureLayers.isEmpty ? .dense : .mixture
  }

  /// Where measured speeds lay, the likely one being 1: all runs in Docs/Memory.md are within.
  var spread: ClosedRange<Double> {
    switch self {
    case .dense: 0.7...1.2
    case .mixture: 0.7...1.45
    case .split: 0.6...1.4
    case .grids: 0.3...1.2
    }
  }

  /// What the range rests on, in a sentence.
  var evidence: String {
    switch self {
    case .dense: "21 measured runs without experts in one memory: 0.7 to 1.2 times the likely speed"
    case .mixture: "8 measured runs with experts in one memory: 0.7 to 1.45 times the likely speed"
    case .split: "7 measured runs on a processor and a GPU: 0.6 to 1.4 times the likely speed"
    case .grids: "one measured run with grid types on a GPU: a third of the likely speed"
    }
  }
}
