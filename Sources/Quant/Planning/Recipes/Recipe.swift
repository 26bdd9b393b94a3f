// SPDX-License-Identifier: MIT
public import BlockFormats
public import GGUF
public import QuantModels

/// What the user wants: a preset, and everything said about single tensors.
public struct Recipe: Sendable {
  /// The preset that decides where no rule does; `nil` copies every tensor.
  public var preset: FileType?
  /// Whether the preset's mix is left out, so that all tensors get its default type.
  public var isPure = false
  /// Rules for tensors by name; the first match decides.
  public var rules: [TypeRule] = []
  /// The type of `output.weight`, instead of the preset's.
  public var outputTensorType: TensorType?
  /// The type of the token embedding, instead of the preset's.
  public var tokenEmbeddingType: TensorType?
  /// Whether `output.weight` stays as it is.
  public var leavesOutputTensor = false
  /// Whether tensors that are quantized already may be quantized again.
  public var allowsRequantizing = false
  /// Whether types that need an importance matrix are written without one too.
  public var allowsMissingImportance = false
  /// The type of tensors in layers that the importance matrix knows nothing of; `nil` for the usual one,
  /// or none where that needs a matrix.
  public var missingType: TensorType?
  /// How long encoders search.
  public var effort = Effort.default
  /// How tensors of experts are laid out.
  public var layout = ExpertLayout.keep
  /// Whether experts of one tensor that should have different types get the best of them.
  public var promotesExperts = false
  /// Layers to leave out.
  public var prunedLayers: Set<Int> = []
  /// Metadata to set, in order.
  public var overrides: [(key: String, value: MetadataValue)] = []

  /// Bytes of room in the header for later edits (see `HeaderRoom`); `nil` for none.
  public var headerRoom: Int?

  /// A recipe of a preset alone; `nil` copies.
  public init(preset: FileType?) { self.preset = preset }

  /// A recipe of the preset of a name, or of `COPY`; `nil` for other names.
  public init?(presetName name: String) {
    preset = FileType(name: name)
    guard preset != nil || name.uppercased() == "COPY" else { return nil }
  }

  /// ` (did you mean Q4_K_M?)` for a name that is near a preset's; else nothing.
  public static func question(_ name: String) -> String {
    NearName.question(name, among: FileType.all.map(\.name) + ["COPY"])
  }

  /// The recipe in one line, for the metadata of the file made by it.
  ///
  /// Rules beyond `mostTextBytes` are counted, and a fingerprint made of all of them tells recipes apart.
  public var text: String {
    var parts = [preset?.name ?? "COPY"]
    if isPure { parts.append("pure") }
    if effort != .default { parts.append("effort=\(effort.rawValue)") }
    if layout != .keep { parts.append("layout=\(layout.rawValue)") }
    if promotesExperts { parts.append("promote") }
    if leavesOutputTensor { parts.append("leave-output-tensor") }
    if let outputTensorType { parts.append("output=\(outputTensorType)") }
    if let tokenEmbeddingType { parts.append("token_embd=\(tokenEmbeddingType)") }
    if let missingType { parts.append("missing=\(missingType)") }
    if !prunedLayers.isEmpty {
      parts.append("prune-layers=" + prunedLayers.sorted().map(String.init).joined(separator: ","))
    }
    return (parts + ruleTexts).joined(separator: "; ")
  }

  /// A recipe of a rule for every expert of the largest models takes less than this.
  static let mostTextBytes = 1 << 18

  private var ruleTexts: [String] {
    let all = rules.map { rule in
      switch rule.choice {
      case .keep: "\(rule.pattern)=keep"
      case .type(let type): "\(rule.pattern)=\(type)"
      }
    }
    var bytes = 0
    let shown = all.prefix { text in
      bytes += text.utf8.count + 2
      return bytes <= Self.mostTextBytes
    }
    guard shown.count < all.count else { return all }
    var fingerprint = Fingerprint()
    for text in all { fingerprint.add(text) }
    return shown + [
      "\(all.count - shown.count) more rules, mark \(String(fingerprint.value, radix: 16))"
    ]
  }
}
