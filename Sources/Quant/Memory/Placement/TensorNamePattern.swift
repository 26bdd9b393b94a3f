// SPDX-License-Identifier: MIT
internal import QuantModels
import _StringProcessing

/// Which tensors a rule means: by a regular expression, or by what fitting asks for again and again,
/// which is found much faster.
struct TensorNamePattern: Sendable {
  private enum Kind: Sendable {
    case expression
    /// Routed experts of some layers.
    case experts(Range<Int>)
    /// Parts of the feed-forward network of one layer.
    case feedForward(Int, [FeedForwardPart.Projection])
  }

  /// The regular expression in llama.cpp's form.
  let text: String
  private let kind: Kind
  // A compiled pattern is immutable, though the library does not say so.
  nonisolated(unsafe) private let expression: Regex<AnyRegexOutput>?

  /// Throws `QuantError.setting` if the text is not a regular expression.
  init(_ text: String) throws(QuantError) {
    self.text = text
    kind = .expression
    do {
      unsafe expression = try Regex(text)
    } catch {
      throw .setting(
        .tensorPlacement, what: "\"\(text)\" is not a regular expression: \(error)")
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

  /// Parts of the feed-forward network of a layer, experts among them; a gate with up in one is a gate.
  static func feedForward(
    of layer: Int, _ parts: [FeedForwardPart.Projection]
  ) -> TensorNamePattern {
    var names = parts.map(\.rawValue)
    if parts.contains(.gate) { names.insert("gate_up", at: names.count - 1) }
    let text = names.count == 1 ? names[0] : "(" + names.joined(separator: "|") + ")"
    return TensorNamePattern("blk\\.\(layer)\\.ffn_\(text).*", .feedForward(layer, parts))
  }

  /// Whether the pattern may be found in the names of a layer's tensors, or of those outside all layers.
  func concerns(_ layer: Int?) -> Bool {
    switch kind {
    case .expression: true
    case .experts(let layers): layer.map(layers.contains) ?? false
    case .feedForward(let wanted, _): layer == wanted
    }
  }

  /// Whether the pattern is found anywhere in the name of a tensor.
  func matches(_ tensor: MemoryModel.Tensor) -> Bool {
    switch kind {
    case .expression:
      guard let expression = unsafe expression else { return false }
      return (try? expression.firstMatch(in: tensor.name)) != nil
    case .experts:
      return concerns(tensor.layer) && tensor.feedForwardPart?.isOfExperts ?? false
    case .feedForward(_, let parts):
      guard concerns(tensor.layer), let part = tensor.feedForwardPart else { return false }
      return parts.contains(part.projection)
    }
  }
}
