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
    case feedForward(Int, [String])
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

  /// Parts of the feed-forward network of a layer, experts among them: `up`, `gate`, `gate_up`, `down`.
  static func feedForward(of layer: Int, _ parts: [String]) -> TensorNamePattern {
    let names = parts.count == 1 ? parts[0] : "(" + parts.joined(separator: "|") + ")"
    return TensorNamePattern("blk\\.\(layer)\\.ffn_\(names).*", .feedForward(layer, parts))
  }

  /// Whether the pattern is found anywhere in the name of a tensor.
  ///
  /// `layer` is the tensor's, which the caller knows already.
  func matches(_ name: String, layer: Int?) -> Bool {
    switch kind {
    case .expression:
      guard let expression = unsafe expression else { return false }
      return (try? expression.firstMatch(in: name)) != nil
    case .experts(let layers):
      guard let layer, layers.contains(layer) else { return false }
      return Self.isOfExperts(name)
    case .feedForward(let wanted, let parts):
      guard layer == wanted, let part = name.split(separator: ".").dropFirst(2).first,
        part.hasPrefix("ffn_")
      else { return false }
      let rest = part.dropFirst("ffn_".count)
      return parts.contains { rest.hasPrefix($0) }
    }
  }

  private static func isOfExperts(_ name: String) -> Bool {
    guard let part = name.split(separator: ".").dropFirst(2).first else { return false }
    return ["up", "down", "gate_up", "gate"].contains {
      part.hasPrefix("ffn_\($0)_exps") || part.hasPrefix("ffn_\($0)_chexps")
    }
  }
}
