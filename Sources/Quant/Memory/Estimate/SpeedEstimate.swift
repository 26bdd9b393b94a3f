// SPDX-License-Identifier: MIT
internal import GGUF

extension MemoryModel {
  /// What decoding one token reads, where this placement has it.
  ///
  /// Of routed experts only those used are read; of the embedding one row, which is left out; of the
  /// cache all cells of the context that is filled.
  ///
  /// - Parameters:
  ///   - placement: Where the model is.
  ///   - options: How it is run.
  ///   - filledContext: Tokens that the cache holds on average; none by default, as in short runs.
  /// - Returns: Bytes by place and type.
  /// - Complexity: O(*n*) in tensors.
  public func traffic(
    _ placement: DevicePlacement, options: ContextOptions, filledContext: Int = 0
  ) -> TokenTraffic {
    var traffic = TokenTraffic()
    for (index, tensor) in tensors.enumerated() {
      guard !tensor.name.hasPrefix("token_embd"), isLoaded(tensor) else { continue }
      traffic.add(readBytes(tensor), of: tensor.type, at: Self.place(placement.tensors[index]))
    }
    if hasTiedOutput, let index = index(of: "token_embd.weight") {
      let device = placement.outputCopy ?? placement.layers.last ?? .host
      traffic.add(
        Double(tensors[index].byteCount), of: tensors[index].type, at: Self.place(device))
    }
    for (layer, memory) in shape.layers.enumerated() {
      let device = options.offloadsCache ? placement.layers[layer] : .host
      traffic.add(
        cacheBytes(memory, options, filledContext), of: .F16, at: Self.place(device))
    }
    for layer in shape.layers.indices { count(layer, placement, in: &traffic) }
    return traffic
  }

  private func readBytes(_ tensor: Tensor) -> Double {
    guard tensor.isOfExperts, shape.expertCount > 0 else { return Double(tensor.byteCount) }
    return Double(tensor.byteCount) * Double(shape.usedExperts) / Double(shape.expertCount)
  }

  private func cacheBytes(
    _ memory: LayerMemory, _ options: ContextOptions, _ filled: Int
  ) -> Double {
    var bytes = 4.0 * Double(memory.recurrence?.stateWidth ?? 0)
    if let attention = memory.attention {
      let cells = attention.isSliding ? min(filled, shape.slidingWindow) : filled
      let row =
        options.keyType.bytes(ofRow: attention.keyWidth)
        + options.valueType.bytes(ofRow: attention.valueWidth)
      bytes += Double(cells) * Double(row)
    }
    return bytes
  }

  /// Counts a layer where its experts are, or else where it is.
  private func count(
    _ layer: Int, _ placement: DevicePlacement, in traffic: inout TokenTraffic
  ) {
    let home = Self.place(placement.layers[layer])
    guard hasExperts(layer) else { return traffic.plainLayers[home, default: 0] += 1 }
    // Where a part of the experts is outside, these are.
    let index = index(of: "blk.\(layer).ffn_down_exps.weight")
    let place = index.map { Self.place(placement.tensors[$0]) } ?? home
    traffic.mixtureLayers[place, default: 0] += 1
    guard place == .cpu, home != .cpu else { return }
    traffic.plainLayers[home, default: 0] += 1
    traffic.splitLayers += 1
  }

  private static func place(_ device: MemoryDevice) -> TokenTraffic.Location {
    switch device {
    case .host: .cpu
    case .gpu(let index): .gpu(index)
    }
  }
}
