// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantMemory

/// How fast a machine would decode with a variant: what is not of experts on the GPU, then experts as
/// far as its memory goes, those most used first; the others are fetched or computed by the processor.
public struct SpeedModel: Sendable {
  private let machine: Machine
  private let missing: MixedExperts.Missing
  private let usedExperts: Int

  /// Describes a machine.
  ///
  /// - Parameters:
  ///   - machine: The machine.
  ///   - missing: What becomes of experts that the GPU does not hold.
  ///   - usedExperts: Experts that a token takes in each layer.
  public init(_ machine: Machine, missing: MixedExperts.Missing, usedExperts: Int) {
    self.machine = machine
    self.missing = missing
    self.usedExperts = usedExperts
  }

  /// What the machine is called.
  var name: String { machine.name ?? "the machine described" }

  /// Tokens a second; `nil` where there is no model for it.
  func speed(_ sensitivity: Sensitivity, _ types: [TensorType]) -> Frontier.Speed? {
    throughput(sensitivity, types).rate.map {
      Frontier.Speed(
        tokensPerSecond: $0.tokensPerSecond, low: $0.range.lowerBound, high: $0.range.upperBound)
    }
  }

  /// What the figures rest on, or why there are none.
  func basis(_ sensitivity: Sensitivity, _ types: [TensorType]) -> [String] {
    switch throughput(sensitivity, types) {
    case .modelled(let rate):
      rate.basis + (missing == .fetched && !machine.gpus.isEmpty ? [Self.published] : [])
    case .notModelled(let reason): [reason]
    }
  }

  private func throughput(_ sensitivity: Sensitivity, _ types: [TensorType]) -> Throughput {
    let isTied = !sensitivity.units.contains { $0.tensor == "output.weight" }
    let units = zip(sensitivity.units, types).map { TypedUnit($0, $1, isTied: isTied) }
    guard !machine.gpus.isEmpty else { return machine.throughput(of: onProcessor(units)) }
    return machine.throughput(of: mixed(units).traffic)
  }

  /// What the way of fetching experts was held to.
  private static let published =
    "fetching experts follows arXiv 2407.14417: its two ends for Mixtral on an A100, 0.63 and 13.0"
    + " tokens/s, fix the model's two parameters there (pcie = 15.1 GB/s, gpu.layer = 2.08 ms), which"
    + " shows that they agree and validates nothing"

  /// A unit of the model with the bytes that its type takes.
  private struct TypedUnit {
    let unit: Sensitivity.Unit
    let type: TensorType
    let bytes: Int

    /// Of an embedding only some rows are read for a token, unless it is the output matrix, too.
    let isRead: Bool

    init(_ unit: Sensitivity.Unit, _ type: TensorType, isTied: Bool) {
      self.unit = unit
      self.type = type
      isRead = isTied || unit.tensor != "token_embd.weight"
      bytes = Int(Double(unit.weights) * (type.layout?.bitsPerWeight ?? 0) / 8)
    }
  }

  /// Everything that a token reads, read by the processor.
  private func onProcessor(_ units: [TypedUnit]) -> TokenTraffic {
    var traffic = TokenTraffic()
    let counts = Dictionary(grouping: units.filter { $0.unit.expert != nil }) { $0.unit.layer }
      .mapValues { Set($0.map(\.unit.expert)).count }
    for typed in units where typed.isRead {
      let share =
        typed.unit.expert == nil
        ? 1 : Double(usedExperts) / Double(max(1, counts[typed.unit.layer] ?? 1))
      traffic.add(Double(typed.bytes) * share, of: typed.type, at: .cpu)
    }
    return traffic
  }

  private func mixed(_ units: [TypedUnit]) -> MixedExperts {
    let others = units.filter { $0.unit.expert == nil && $0.isRead }
    let shared = others.reduce(0) { $0 + $1.bytes }
    let common = others.max { $0.bytes < $1.bytes }?.type ?? .F16
    var mixed = MixedExperts(
      sharedBytes: shared, sharedType: common, layers: layers(units), missing: missing)
    place(&mixed)
    return mixed
  }

  private func layers(_ units: [TypedUnit]) -> [MixedExperts.Layer] {
    let byLayer = Dictionary(grouping: units.filter { $0.unit.expert != nil }) {
      $0.unit.layer ?? 0
    }
    return byLayer.sorted { $0.key < $1.key }.map { _, units in
      let experts = Dictionary(grouping: units) { $0.unit.expert ?? 0 }
        .sorted { $0.key < $1.key }.map(\.value)
      var layer = MixedExperts.Layer(
        expertBytes: experts.map { $0.reduce(0) { $0 + $1.bytes } },
        types: experts.map { $0.max { $0.bytes < $1.bytes }?.type ?? .F16 },
        isResident: experts.map { _ in false }, usedCount: usedExperts)
      // How often each is used is known from the text; a token takes `usedExperts` of them.
      let tokens = experts.map { Double($0.first?.unit.tokens ?? 0) }
      let all = tokens.reduce(0, +)
      if all > 0 { layer.use = tokens.map { $0 / all * Double(usedExperts) } }
      return layer
    }
  }

  /// Fills the GPU's memory with the experts most used for their bytes.
  private func place(_ mixed: inout MixedExperts) {
    var free = (machine.gpus.first?.memoryBytes ?? Int.max / 2) - mixed.sharedBytes
    let order = mixed.layers.indices.flatMap { layer in
      mixed.layers[layer].expertBytes.indices.map { (layer: layer, expert: $0) }
    }.sorted { first, second in
      mixed.layers[first.layer].value(first.expert)
        > mixed.layers[second.layer].value(second.expert)
    }
    for (layer, expert) in order where mixed.layers[layer].expertBytes[expert] <= free {
      mixed.layers[layer].isResident[expert] = true
      free -= mixed.layers[layer].expertBytes[expert]
    }
  }
}

extension MixedExperts.Layer {
  /// How much a byte of an expert on the GPU is worth.
  fileprivate func value(_ expert: Int) -> Double {
    use[expert] / Double(max(1, expertBytes[expert]))
  }
}
