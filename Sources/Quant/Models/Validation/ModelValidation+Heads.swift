// SPDX-License-Identifier: MIT
internal import GGUF

extension ModelValidation {
  /// Heads of attention: as many as there are tensors for, shared evenly.
  func headFindings() -> [InspectionWarning] {
    let keys = ["attention.head_count", "attention.head_count_kv"]
    let wrong = keys.compactMap(malformedCount)
    guard wrong.isEmpty, let layerCount else { return wrong }
    let (heads, shared) = (counts(keys[0], layerCount), counts(keys[1], layerCount))
    let recurrent = recurrentLayers()
    for layer in 0..<layerCount {
      let all = number(keys[0], layer: layer, of: heads)
      let few = number(keys[1], layer: layer, of: shared)
      // Recurrent layers have queries, keys and values of their own, whatever the heads of attention.
      let finding =
        (recurrent.contains(layer) ? nil : noHeadFinding(layer, all: all, few: few))
        ?? unevenHeadFinding(layer, all: all, few: few)
      if let finding { return [finding] }
    }
    return []
  }

  private func recurrentLayers() -> Set<Int> {
    Set(
      source.tensors.lazy.filter { TensorName.isOfRecurrence($0.name) }
        .compactMap { TensorName.layer(of: $0.name) })
  }

  private func counts(_ name: String, _ layers: Int) -> [Int]? {
    source.metadata.model(name)?.elements?.integers(layers)
  }

  /// A count that is no number of heads, or an array with too few or too many of them.
  private func malformedCount(_ name: String) -> InspectionWarning? {
    guard let value = source.metadata.model(name) else { return nil }
    let range = 0...Self.mostLayers
    guard let array = value.elements else {
      guard let count = value.integer, range.contains(count) else {
        return .error(
          .heads, key: key(name), expected: "a number from 0 to \(Self.mostLayers)",
          found: Self.text(value))
      }
      return nil
    }
    let numbers = array.integers(Self.mostLayers)
    guard let layerCount else { return nil }
    guard array.count == layerCount, numbers.count == layerCount,
      numbers.allSatisfy(range.contains)
    else {
      return .error(
        .heads, key: key(name),
        expected: "\(layerCount) numbers from 0 to \(Self.mostLayers), one for each layer",
        found: "an array of \(array.count) values of type \(array.elementType)")
    }
    return nil
  }

  private func noHeadFinding(_ layer: Int, all: Int?, few: Int?) -> InspectionWarning? {
    let prefix = "blk.\(layer).attn_"
    if all == 0,
      let name = ["q", "qkv"].map({ "\(prefix)\($0).weight" }).first(where: source.contains)
    {
      return .error(
        .heads, key: key("attention.head_count"),
        expected: "at least one head, as there is \"\(name)\"", found: "0")
    }
    if few == 0, source.contains("\(prefix)k.weight") {
      return .error(
        .heads, key: key("attention.head_count_kv"),
        expected: "at least one head, as there is \"\(prefix)k.weight\"", found: "0")
    }
    return nil
  }

  private func unevenHeadFinding(_ layer: Int, all: Int?, few: Int?) -> InspectionWarning? {
    guard let all, let few, few > 0, all % few != 0 else { return nil }
    return .error(
      .heads, key: key("attention.head_count_kv"),
      expected: "a number that divides the \(all) heads of layer \(layer)", found: "\(few)")
  }
}
