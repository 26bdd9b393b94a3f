// SPDX-License-Identifier: MIT

/// Finds the placement that llama.cpp's `--fit` finds.
///
/// Layers go to the GPUs from the last one backwards, without experts where there are any; then, if there
/// is room, layers at the front get their experts back; then part of one more layer is tried. Each step
/// measures whole placements, so that what it says fits does.
package struct FitSearch {
  private let model: MemoryModel
  private let options: ContextOptions
  /// Bytes that each GPU may be given.
  private let targets: [Int]
  private let buffers: ComputeBuffers
  private let measured = Measured()

  /// What shares of layers need of each GPU, as steps ask for some of them again.
  private final class Measured {
    var memory: [[LayerShare]: [Int]] = [:]
  }

  /// Prepares a search.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - options: How it is run.
  ///   - targets: Bytes that each GPU may be given.
  package init(model: MemoryModel, options: ContextOptions, targets: [Int]) {
    self.init(
      model: model, options: options, targets: targets, buffers: ComputeBuffers(model, options))
  }

  init(model: MemoryModel, options: ContextOptions, targets: [Int], buffers: ComputeBuffers) {
    self.model = model
    self.options = options
    self.targets = targets
    self.buffers = buffers
  }

  /// llama.cpp fits the layers that are computed, though its loader counts all.
  private var layerCount: Int { model.shape.trunkCount }
  private var last: Int { targets.count - 1 }
  private var hasExperts: Bool { model.shape.expertCount > 0 }

  /// The placement; all layers on GPUs where they fit.
  ///
  /// - Complexity: O(log *n*) measurements in layers for each GPU.
  package func placement() -> PlacementRule {
    var all = PlacementRule(gpuCount: targets.count)
    // Without a wish layers are shared out by free memory.
    all.split = targets.map { Double(max(0, $0)) }
    guard !fits(all) else { return all }
    let dense = denseShares()
    guard hasExperts, fitsWithoutExperts(all) else { return rule(dense) }
    return rule(withExperts(dense))
  }

  private func rule(_ shares: [LayerShare]) -> PlacementRule {
    PlacementRule(shares, layerCount: layerCount)
  }

  private func memory(_ shares: [LayerShare]) -> [Int] {
    if let known = measured.memory[shares] { return known }
    let used = memory(DevicePlacement(model, rule: rule(shares)))
    measured.memory[shares] = used
    return used
  }

  private func memory(_ placement: DevicePlacement) -> [Int] {
    MemoryEstimate(model, placement: placement, options: options, buffers: buffers)
      .gpus.map(\.total)
  }

  /// Whether a placement leaves the room that is asked for: what it keeps may be too much already, and
  /// is known much faster than all that it needs.
  private func isRoomy(_ rule: PlacementRule, _ hasRoom: ([Int]) -> Bool) -> Bool {
    let placement = DevicePlacement(model, rule: rule)
    let kept = MemoryEstimate.kept(model, placement: placement, options: options)
    return hasRoom(kept.map(\.total)) && hasRoom(memory(placement))
  }

  private func fits(_ rule: PlacementRule) -> Bool {
    isRoomy(rule) { used in zip(used, targets).allSatisfy { $0 <= $1 } }
  }

  /// Whether all GPUs together have room for everything but the experts.
  private func fitsWithoutExperts(_ all: PlacementRule) -> Bool {
    var rule = all
    rule.overrides = [.init(.experts(of: 0..<layerCount, in: layerCount), device: .host)]
    return isRoomy(rule) { used in zip(used, targets).reduce(0) { $0 + $1.1 - $1.0 } > 0 }
  }

  // MARK: Layers without experts, from the back

  private func denseShares() -> [LayerShare] {
    var shares = Array(repeating: LayerShare(), count: targets.count)
    var used = memory(shares)
    for gpu in shares.indices.reversed() {
      let open = layerCount + 1 - shares[(gpu + 1)...].reduce(0) { $0 + $1.layers }
      guard open > 0 else { continue }
      (shares, used) = narrowed(
        low: (shares, used), gpu, most: open, delta: open,
        step: { shares, count in
          var next = shares
          next[gpu].layers += count
          // The output is always whole.
          let isFirst = gpu == last && next[gpu].partial == 0
          if hasExperts { next[gpu].partial += isFirst ? count - 1 : count }
          return next
        })
    }
    return shares
  }

  /// The largest step that a GPU has room for, by the method of false position.
  private func narrowed(
    low: (shares: [LayerShare], memory: [Int]), _ gpu: Int, most: Int, delta: Int,
    step: ([LayerShare], Int) -> [LayerShare]
  ) -> ([LayerShare], [Int]) {
    var low = low
    var high = step(low.shares, most)
    var highMemory = memory(high)
    guard highMemory[gpu] > targets[gpu] else { return (high, highMemory) }
    var delta = delta
    while delta > 1 {
      let room = highMemory[gpu] - low.memory[gpu]
      let wished =
        room > 0
        ? Int(Double(delta) * Double(targets[gpu] - low.memory[gpu]) / Double(room)) : delta - 1
      let count = min(max(wished, 1), delta - 1)
      let test = step(low.shares, count)
      let testMemory = memory(test)
      if testMemory[gpu] <= targets[gpu] {
        low = (test, testMemory)
        delta -= count
      } else {
        (high, highMemory) = (test, testMemory)
        delta = count
      }
    }
    return low
  }

  // MARK: Experts, from the front

  private func withExperts(_ dense: [LayerShare]) -> [LayerShare] {
    var shares = dense
    guard var start = shares.firstIndex(where: { $0.layers > 0 }) else { return shares }
    for gpu in shares.indices {
      guard gpu <= start else { break }
      shares = filled(shares, gpu, from: start)
      start = Self.firstPartial(shares, from: start)
      shares = withPart(shares, gpu, from: start)
      start = Self.firstPartial(shares, from: start)
    }
    return shares
  }

  /// The first GPU from which layers can still be taken.
  private static func firstPartial(_ shares: [LayerShare], from start: Int) -> Int {
    shares.indices.first { $0 >= start && shares[$0].partial > 0 } ?? shares.count - 1
  }

  /// Makes as many layers whole on one GPU as it has room for.
  private func filled(_ shares: [LayerShare], _ gpu: Int, from start: Int) -> [LayerShare] {
    let movable = shares[start...].reduce(0) { $0 + $1.partial }
    guard movable > 0 else { return shares }
    return narrowed(
      low: (shares, memory(shares)), gpu, most: movable, delta: movable,
      step: { shares, count in Self.converted(shares, gpu, count) }
    ).0
  }

  /// Takes layers without experts off the GPUs that have them first, and gives them whole to another.
  private static func converted(_ shares: [LayerShare], _ gpu: Int, _ count: Int) -> [LayerShare] {
    var next = shares
    var left = count
    for other in next.indices where left > 0 {
      let moved = min(left, next[other].partial)
      // A partial layer that has a place already stays.
      guard next[other].overflow == .experts else { continue }
      next[other].layers -= moved
      next[other].partial -= moved
      next[gpu].layers += moved
      left -= moved
    }
    return next
  }

  /// Tries to put part of the next layer on a GPU: attention and up projections, with gates if they fit,
  /// or attention alone.
  private func withPart(_ shares: [LayerShare], _ gpu: Int, from start: Int) -> [LayerShare] {
    guard shares[start].layers > (gpu < last ? 0 : 1), shares[start].partial > 0 else {
      return shares
    }
    var test = shares
    test[start].layers -= 1
    test[start].partial -= 1
    test[gpu].layers += 1
    test[gpu].partial += 1
    test[gpu].overflowDevice = gpu < last ? .gpu(gpu + 1) : .host
    for overflow in [LayerShare.Overflow.gateAndDown, .feedForward] {
      test[gpu].overflow = overflow
      guard hasRoom(test, gpu) else { continue }
      guard overflow == .gateAndDown else { return test }
      var more = test
      more[gpu].overflow = .down
      return hasRoom(more, gpu) ? more : test
    }
    return shares
  }

  /// Whether a GPU, and the one that its overflow goes to, stay below what they may be given.
  private func hasRoom(_ shares: [LayerShare], _ gpu: Int) -> Bool {
    isRoomy(rule(shares)) { used in
      used[gpu] < targets[gpu] && (gpu == last || used[gpu + 1] < targets[gpu + 1])
    }
  }
}
