// SPDX-License-Identifier: MIT
internal import GGUF

/// Holds a model's keys and tensors against each other: what no program could compute with.
///
/// Mostly what is there is judged, so that files of unknown architectures pass as far as they are
/// consistent. Of keys that are missing, only those count that every loader of a language model needs. For the architectures that this
/// tool can evaluate, every tensor is held against the shape that the keys give it.
package struct ModelValidation {
  let source: any ModelSource
  let experts: ExpertSummary?

  /// More layers, heads or experts than any model has; counts in files are not trusted beyond it.
  static let mostLayers = 65_535

  init(_ source: any ModelSource, experts: ExpertSummary?) {
    self.source = source
    self.experts = experts
  }

  /// Everything that is wrong or strange, headers only.
  ///
  /// - Complexity: O(*n*) in tensors and tokens.
  func findings() -> [InspectionWarning] {
    // Without the prefix of the model's own keys, nothing more can be said of them.
    let nameless = architectureFindings()
    guard nameless.isEmpty else { return nameless + vocabularyFindings() }
    var found = expertFindings() + layerFindings() + headFindings() + numberFindings()
    found += vocabularyFindings()
    // What has a fault of its own need not be told again.
    let faulty = Set(found.compactMap { $0.severity == .error ? $0.field : nil })
    found += keyFindings().filter { finding in finding.field.map { !faulty.contains($0) } ?? true }
    if !found.contains(where: { $0.severity == .error }) { found += shapeFindings() }
    return found
  }

  /// A key of the model's architecture by its whole name.
  func key(_ name: String) -> String { "\(source.metadata.architecture ?? "").\(name)" }

  /// A value in words.
  static func text(_ value: MetadataValue) -> String {
    value.integer.map(String.init) ?? value.number.map { "\($0)" }
      ?? value.elements.map { "an array of \($0.count)" } ?? "a value of type \(value.type)"
  }

  /// `block_count`, where it says something sensible.
  var layerCount: Int? {
    source.metadata.model("block_count")?.integer.flatMap {
      (1...Self.mostLayers).contains($0) ? $0 : nil
    }
  }

  /// A number of one layer: one for all of them, or of an array.
  func number(_ name: String, layer: Int, of values: [Int]?) -> Int? {
    guard let values else { return source.metadata.model(name)?.integer }
    return layer < values.count ? values[layer] : nil
  }
}

// MARK: - Layers

extension ModelValidation {
  private func layerFindings() -> [InspectionWarning] {
    guard let value = source.metadata.model("block_count") else { return [] }
    guard let promised = layerCount else {
      return [
        .error(
          .layerCount, key: key("block_count"), expected: "a number from 1 to \(Self.mostLayers)",
          found: Self.text(value))
      ]
    }
    let present = Set(source.tensors.lazy.compactMap { TensorName.layer(of: $0.name) })
    guard let last = present.max() else { return [] }
    if last >= promised {
      return [
        .error(
          .layerCount, key: key("block_count"),
          expected: "more than \(last), as there are tensors of layer \(last)", found: "\(promised)"
        )
      ]
    }
    return missingLayers(of: promised, present)
  }

  private func missingLayers(of promised: Int, _ present: Set<Int>) -> [InspectionWarning] {
    let heads = source.metadata.model("attention.head_count")?.elements?.integers(promised)
    let widths = source.metadata.model("feed_forward_length")?.elements?.integers(promised)
    let missing = (0..<promised).filter { layer in
      // Layers that were cut out of a model may say so with numbers of zero.
      let isEmpty =
        number("attention.head_count", layer: layer, of: heads) == 0
        && number("feed_forward_length", layer: layer, of: widths) == 0
      return !present.contains(layer) && !isEmpty
    }
    guard let first = missing.first else { return [] }
    let others = missing.count > 1 ? " and of \(missing.count - 1) more" : ""
    return [
      .error(
        .layerCount, key: key("block_count"), expected: "tensors of each of the \(promised) layers",
        found: "none of layer \(first)\(others)")
    ]
  }
}

// MARK: - Shapes

extension ModelValidation {
  /// The first tensor that is missing, or has another shape than the keys give it.
  ///
  /// What else an architecture's description complains of is what this tool cannot evaluate, and
  /// another may.
  private func shapeFindings() -> [InspectionWarning] {
    let kind = source.metadata["general.type"]?.text ?? "model"
    guard kind == "model", !source.tensors.isEmpty else { return [] }
    do throws(QuantError) {
      _ = try ArchitectureRegistry.graph(of: source, contextLength: 1)
    } catch {
      if case .tensor(let tensor, _, let expected, let found) = error {
        return [.error(.tensors, tensor: tensor, expected: expected, found: found)]
      }
    }
    return []
  }
}
