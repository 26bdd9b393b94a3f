// SPDX-License-Identifier: MIT
package import GGUF

extension ModelValidation {
  /// Keys whose values are of another type than every program reads, or that no program can do without.
  func keyFindings() -> [InspectionWarning] { typeFindings() + requiredFindings() }

  private func typeFindings() -> [InspectionWarning] {
    let architecture = source.metadata.architecture
    return source.metadata.entries.compactMap { entry in
      guard let kind = KnownKeys.kind(of: entry.key, architecture: architecture),
        !kind.holds(entry.value)
      else { return nil }
      return .error(
        .keys, key: entry.key, expected: kind.inWords, found: Self.described(entry.value))
    }
  }

  /// A value of the wrong type says its type.
  private static func described(_ value: MetadataValue) -> String {
    if let array = value.elements {
      return "an array of \(array.count) values of type \(array.elementType)"
    }
    let type = "a value of type \(value.type)"
    return value.number == nil ? type : "\(text(value)), \(type)"
  }

  /// A language model that does not say which; other files (projectors, adapters, matrices) are not judged.
  func architectureFindings() -> [InspectionWarning] {
    guard isLanguageModel, source.metadata["general.architecture"] == nil else { return [] }
    return [missing("general.architecture", "the name of the architecture", isKnown: true)]
  }

  private func requiredFindings() -> [InspectionWarning] {
    guard isLanguageModel, let name = source.metadata.architecture else { return [] }
    let isKnown = ArchitectureRegistry.knows(name)
    return requiredKeys.filter { source.metadata.model($0) == nil }
      .map { missing(key($0), "a number", isKnown: isKnown) }
  }

  /// Those that no loader goes without, whatever the architecture.
  private var requiredKeys: [String] {
    let hasAttention = source.tensors.contains {
      $0.name.hasSuffix(".attn_q.weight") || $0.name.hasSuffix(".attn_qkv.weight")
    }
    return ["block_count", "context_length", "embedding_length"]
      + (hasAttention ? ["attention.head_count"] : [])
  }

  private var isLanguageModel: Bool {
    (source.metadata["general.type"]?.text ?? "model") == "model"
      && source.contains("token_embd.weight")
      && source.tensors.contains { TensorName.layer(of: $0.name) != nil }
  }

  /// Of an architecture that nobody here knows, another program may read other keys.
  private func missing(_ key: String, _ what: String, isKnown: Bool) -> InspectionWarning {
    InspectionWarning(
      kind: .keys, severity: isKnown ? .error : .warning, tensor: nil, field: key,
      expected: what, found: "nothing", message: "\(key): expected \(what), found nothing")
  }
}

// MARK: - Written models

extension ModelValidation {
  /// Refuses a model that is to be written, if the checks of a model that is read find more wrong with it
  /// than with the one it is made from.
  ///
  /// - Parameters:
  ///   - header: What will be written.
  ///   - source: What it is made from.
  ///   - setting: What the caller chose that made the difference.
  /// - Throws: `QuantError.setting` with the first fault.
  /// - Complexity: O(*n*) in tensors and tokens.
  package static func check(
    _ header: any ModelSource, madeFrom source: any ModelSource, _ setting: QuantError.Setting
  ) throws(QuantError) {
    let old = errors(in: source)
    let known = Set(old.map(\.message))
    // Shapes are looked at only where nothing else is wrong: what comes to light is not new.
    let hidesShapes = old.contains { $0.kind != .tensors }
    let new = errors(in: header).filter {
      !known.contains($0.message) && !(hidesShapes && $0.kind == .tensors)
    }
    guard let first = new.first else { return }
    let others = new.count > 1 ? " (and \(new.count - 1) more)" : ""
    throw .setting(setting, what: "the file would have a fault: \(first.message)\(others)")
  }

  private static func errors(in model: any ModelSource) -> [InspectionWarning] {
    let experts = ExpertSummary(tensors: model.tensors, metadata: model.metadata)
    return ModelValidation(model, experts: experts).findings().filter { $0.severity == .error }
  }
}
