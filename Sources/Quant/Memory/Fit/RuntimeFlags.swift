// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// Options to paste for llama.cpp.
public struct RuntimeFlags: Sendable {
  /// The words, ready for a shell.
  public let words: [String]

  /// The line to paste.
  public var line: String { words.joined(separator: " ") }

  /// Says a fit in llama.cpp's options; where it stays with the defaults, nothing.
  public init(_ fit: MemoryFit) {
    let rule = fit.placement.rule
    let options = fit.options
    var words = ["-c \(options.context)"]
    let layers = fit.model.shape.layerCount + 1
    if rule.gpuCount > 0 { words.append("-ngl \(min(rule.gpuLayers ?? layers, layers))") }
    if rule.gpuCount > 1, rule.split.contains(where: { $0 > 0 }) {
      words.append("-ts " + Self.split(rule.split))
    }
    if !rule.overrides.isEmpty {
      let text = Self.joined(rule.overrides, layerCount: layers - 1).map {
        "\($0.pattern)=\(Self.name($0.device, options.backend))"
      }
      words.append("-ot '\(text.joined(separator: ","))'")
    }
    if options.batch != 2048 { words.append("-b \(options.batch)") }
    if options.microBatch != 512 { words.append("-ub \(options.microBatch)") }
    // Servers make room for the tokens of each sequence, and take four where nothing is said.
    if options.sequences > 1 || options.outputRows != nil {
      words.append("-np \(options.sequences)")
    }
    if options.isUnified && options.sequences > 1 { words.append("-kvu") }
    words.append("-fa \(options.usesFlashAttention ? "on" : "off")")
    if options.keyType != .F16 { words.append("-ctk \(options.keyType.name.lowercased())") }
    if options.valueType != .F16 { words.append("-ctv \(options.valueType.name.lowercased())") }
    if options.keepsWholeWindow { words.append("--swa-full") }
    if !options.offloadsCache { words.append("--no-kv-offload") }
    if !options.offloadsWork { words.append("--no-op-offload") }
    self.words = words
  }

  private static func name(_ device: MemoryDevice, _ backend: ComputeBackend) -> String {
    switch device {
    case .host: "CPU"
    case .gpu(let index): backend.deviceName(index)
    }
  }

  /// Whole numbers where they are whole, else parts in thousandths.
  private static func split(_ parts: [Double]) -> String {
    let sum = parts.reduce(0, +)
    let isCount = parts.allSatisfy { $0 == $0.rounded() && $0 < 5000 }
    return parts.map { String(Int(isCount ? $0 : ($0 / sum * 1000).rounded())) }
      .joined(separator: ",")
  }

  /// Rules with those for experts of several layers put together.
  private static func joined(
    _ overrides: [PlacementRule.Override], layerCount: Int
  ) -> [(pattern: String, device: MemoryDevice)] {
    let layers = overrides.compactMap(\.expertLayer).filter { $0 < layerCount }
    var joined = overrides.filter { $0.expertLayer == nil }.map { ($0.pattern, $0.device) }
    guard !layers.isEmpty else { return joined }
    let numbers = NumberPattern.text(layers)
    joined.append(("blk\\.(\(numbers))\\.ffn_(up|down|gate_up|gate)_(ch|)exps", .host))
    return joined
  }
}

extension PlacementRule.Override {
  /// The layer, for a rule that keeps the experts of one layer in host memory.
  var expertLayer: Int? {
    guard device == .host, pattern.hasSuffix("\\.ffn_(up|down|gate_up|gate)_(ch|)exps"),
      pattern.hasPrefix("blk\\.")
    else { return nil }
    return Int(pattern.dropFirst("blk\\.".count).prefix { $0.isNumber })
  }
}

/// Numbers as a short regular expression: 16 to 31 as `1[6-9]|2[0-9]|3[0-1]`.
enum NumberPattern {
  static func text(_ numbers: [Int]) -> String {
    let sorted = Set(numbers).sorted()
    let tens = Dictionary(grouping: sorted) { $0 / 10 }
    return tens.keys.sorted().flatMap { ten in
      NumberList.ranges(of: tens[ten, default: []].map { $0 % 10 }).map { run in
        let prefix = ten > 0 ? String(ten) : ""
        return run.count == 1
          ? "\(prefix)\(run.lowerBound)" : "\(prefix)[\(run.lowerBound)-\(run.upperBound)]"
      }
    }.joined(separator: "|")
  }
}
