// SPDX-License-Identifier: MIT
import _StringProcessing

/// Which tensors a rule means: by a regular expression, or by what fitting asks for again and again,
/// which is found much faster.
struct TensorNamePattern: Sendable {
  private enum Kind: Sendable {
    case expression
    /// Routed experts of some layers.
    case experts(Range<Int>)
    /// Parts of the feed-forward network of one layer.
    case feedForward(Int, [String])
  }

  /// The regular expression in llama.cpp's form.
  let text: String
  private let kind: Kind
  // A compiled pattern is immutable, though the library does not say so.
  nonisolated(unsafe) private let expression: Regex<AnyRegexOutput>?

  /// Throws `QuantError.unsupported` if the text is not a regular expression.
  init(_ text: String) throws(QuantError) {
    self.text = text
    kind = .expression
    do {
      unsafe expression = try Regex(text)
    } catch {
      throw .unsupported("--override-tensor: \"\(text)\" is not a regular expression: \(error)")
    }
  }

  private init(_ text: String, _ kind: Kind) {
    self.text = text
    self.kind = kind
    unsafe expression = nil
  }

  /// Routed experts of some layers, in one expression.
  static func experts(of layers: Range<Int>, in count: Int) -> TensorNamePattern {
    let numbers =
      layers == 0..<count
      ? "\\d+"
      : layers.count == 1
        ? "\(layers.lowerBound)" : "(" + layers.map(String.init).joined(separator: "|") + ")"
    return TensorNamePattern(
      "blk\\.\(numbers)\\.ffn_(up|down|gate_up|gate)_(ch|)exps", .experts(layers))
  }

  /// Parts of the feed-forward network of a layer, experts among them: `up`, `gate`, `gate_up`, `down`.
  static func feedForward(of layer: Int, _ parts: [String]) -> TensorNamePattern {
    let names = parts.count == 1 ? parts[0] : "(" + parts.joined(separator: "|") + ")"
    return TensorNamePattern("blk\\.\(layer)\\.ffn_\(names).*", .feedForward(layer, parts))
  }

  /// Whether the pattern is found anywhere in a tensor's name.
  func matches(_ name: String) -> Bool {
    switch kind {
    case .expression:
      guard let expression = unsafe expression else { return false }
      return (try? expression.firstMatch(in: name)) != nil
    case .experts(let layers):
      guard let layer = TensorName.layer(of: name), layers.contains(layer) else { return false }
      return name.contains("exps") && ["up_", "down_", "gate_"].contains { name.contains("ffn_" + $0) }
    case .feedForward(let layer, let parts):
      let prefix = "blk.\(layer).ffn_"
      guard name.hasPrefix(prefix) else { return false }
      let rest = name.dropFirst(prefix.count)
      return parts.contains { rest.hasPrefix($0) }
    }
  }
}
