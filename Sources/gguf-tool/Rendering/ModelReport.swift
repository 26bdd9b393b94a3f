// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What `inspect` says of a model, section by section.
extension Report {
  /// The model in a few numbers.
  mutating func add(_ summary: ModelSummary, of model: ModelInspection) {
    section(summary.path)
    facts([
      ("name", summary.name),
      ("architecture", summary.architecture),
      ("kind", summary.kind == "model" ? nil : summary.kind),
      ("weights", Self.weights(summary)),
      ("size", Self.size(summary)),
      ("file type", summary.fileType),
      ("inside", model.contents),
      ("layers", summary.layerCount.map(String.init)),
      ("embedding", summary.embeddingLength.map(String.init)),
      ("feed-forward", summary.feedForwardLength.flatMap { $0.isZero ? nil : "\($0)" }),
      ("heads", Self.heads(summary)),
      ("context", summary.contextLength.map { "\($0) tokens" }),
      ("vocabulary", Self.vocabulary(summary)),
      ("experts", model.experts.map(Self.experts)),
      ("importance", summary.importance.map(Self.importance)),
      ("container", Self.container(summary, fileCount: model.files.count)),
    ])
  }

  private static func weights(_ summary: ModelSummary) -> String {
    let all = Units.count(summary.weightCount)
    guard let active = summary.activeWeightCount, active < summary.weightCount else { return all }
    return "\(all), \(Units.count(active)) of them active per token (embedding included)"
  }

  /// The size that the files have once they are whole.
  private static func size(_ summary: ModelSummary) -> String {
    let bits = summary.bitsPerWeight.map { ", \(Units.bitsPerWeight($0)) bits/weight" } ?? ""
    let isCut = summary.wholeFileBytes > summary.fileBytes
    let here = isCut ? ", \(Units.shortBytes(summary.fileBytes)) of it present" : ""
    return Units.bytes(summary.wholeFileBytes) + here + bits
  }

  private static func heads(_ summary: ModelSummary) -> String? {
    guard let heads = summary.headCount, !heads.isZero else { return nil }
    guard let shared = summary.keyValueHeadCount, shared.distinct != heads.distinct else {
      return "\(heads)"
    }
    return "\(heads), \(shared) for keys and values"
  }

  private static func vocabulary(_ summary: ModelSummary) -> String? {
    guard let size = summary.vocabularySize else { return nil }
    return "\(size) tokens" + (summary.tokenizer.map { " (\($0))" } ?? "")
  }

  private static func experts(_ experts: ExpertSummary) -> String {
    let used = experts.usedCount.map { ", \($0) used per token" } ?? ""
    let shared = (experts.sharedCount ?? 0) > 0 ? ", \(experts.sharedCount ?? 0) shared" : ""
    return "\(experts.expertCount)\(used)\(shared)"
  }

  private static func importance(_ origin: ImportanceOrigin) -> String {
    let counts = [
      origin.entryCount.map { Text.plural($0, "tensor") },
      origin.chunkCount.map { Text.plural($0, "chunk") },
      origin.dataset.map { "of \($0)" },
    ].compactMap { $0 }.joined(separator: ", ")
    return [origin.file, counts.isEmpty ? nil : "(\(counts))"].compactMap { $0 }
      .joined(separator: " ")
  }

  private static func container(_ summary: ModelSummary, fileCount: Int) -> String {
    let order = summary.byteOrder == "big" ? ", big-endian" : ""
    let files = fileCount > 1 ? " in \(fileCount) files" : ""
    let format = summary.formatVersion.map { "GGUF \($0), " } ?? ""
    return format + "\(Text.plural(summary.tensorCount, "tensor"))\(files)\(order)"
  }

  /// Types with their parts of the model.
  mutating func add(_ types: TypeHistogram) {
    section("Types")
    var table = Table([
      .text("type"), .number("tensors"), .number("weights"), .number("of all"), .number("size"),
      .number("bits/weight"),
    ])
    for share in types.shares {
      table.add(
        share.type, Units.grouped(share.tensorCount), Units.count(share.weightCount),
        Units.percent(share.weightShare), share.tensorBytes.map(Units.shortBytes) ?? "unknown",
        share.bitsPerWeight.map(Units.bitsPerWeight) ?? "–")
    }
    self.table(table)
  }

  /// Experts layer by layer.
  mutating func add(_ experts: ExpertSummary) {
    section("Experts")
    let layout =
      switch experts.layout {
      case .merged: "one tensor for all experts of a layer"
      case .perExpert: "one tensor per expert"
      case .mixed: "one tensor per expert in some layers, one for all in others"
      }
    line(
      "\(layout); \(Units.count(experts.weightCount)) weights, \(Units.bytes(experts.tensorBytes))")
    let projections = Self.projections(experts)
    let isShared = experts.layers.contains { $0.sharedBytes > 0 }
    var table = Table(
      [.flexible("layers")] + projections.map { .flexible($0) } + [.number("one expert")]
        + (isShared ? [.number("shared")] : []) + [.number("all")])
    for group in experts.layers {
      table.add(
        [NumberList.text(of: group.layers)] + projections.map { Self.types(of: $0, in: group) }
          + [Self.size(group.expertBytes, of: group)]
          + (isShared ? [Units.shortBytes(group.sharedBytes)] : [])
          + [Self.size(group.layerBytes, of: group)])
    }
    self.table(table)
  }

  /// A size of experts; types whose size is not known are not counted in it.
  private static func size(_ bytes: Int, of group: ExpertSummary.Layers) -> String {
    let types = group.projections.flatMap(\.types)
    let isKnown = types.allSatisfy { TensorType(name: $0.type)?.layout != nil }
    return isKnown ? Units.shortBytes(bytes) : "unknown"
  }

  /// The projections that any layer has, in the order of the first that has most.
  private static func projections(_ experts: ExpertSummary) -> [String] {
    var names: [String] = []
    for projection in experts.layers.flatMap(\.projections) where !names.contains(projection.name) {
      names.append(projection.name)
    }
    return names
  }

  private static func types(of name: String, in group: ExpertSummary.Layers) -> String {
    let types = group.projections.first { $0.name == name }?.types ?? []
    return types.map { types.count > 1 ? "\($0.type) ×\($0.expertCount)" : $0.type }
      .joined(separator: " ")
  }

  /// Tensors, the layers that are alike together.
  mutating func add(_ groups: [LayerGroup]) {
    section("Layers")
    var table = Table([
      .flexible("tensor"), .number("count"), .text("shape"), .flexible("type"), .number("size"),
    ])
    for group in groups {
      table.beginGroup(Self.heading(group))
      for part in group.parts {
        table.add(
          "  " + Self.withoutSuffix(part.name), "\(part.tensorCount)", Text.shape(part.dimensions),
          Self.types(part.types), Units.shortBytes(part.tensorBytes))
      }
    }
    self.table(table)
  }

  private static func heading(_ group: LayerGroup) -> String {
    guard !group.layers.isEmpty else { return "outside the layers" }
    let bits = Double(group.tensorBytes) * 8 / Double(max(1, group.weightCount))
    return
      "\(group.stack).\(NumberList.text(of: group.layers)): \(Text.plural(group.layers.count, "layer")), "
      + "\(Units.shortBytes(group.tensorBytes)), \(Units.bitsPerWeight(bits)) bits/weight"
  }

  /// Names as people call them: all tensors are `….weight` unless they say otherwise.
  private static func withoutSuffix(_ name: String) -> String {
    name.hasSuffix(".weight") ? String(name.dropLast(".weight".count)) : name
  }

  private static func types(_ shares: [TypeHistogram.Share]) -> String {
    shares.map { shares.count > 1 ? "\($0.type) ×\($0.tensorCount)" : $0.type }
      .joined(separator: " ")
  }

  /// The files of a split model.
  mutating func add(_ files: [FileSummary]) {
    section("Files")
    var table = Table([.flexible("file"), .number("tensors"), .number("size")])
    for file in files {
      table.add(file.path, Units.grouped(file.tensorCount), Units.bytes(file.fileBytes))
    }
    self.table(table)
  }

  /// What the user should know.
  mutating func add(_ warnings: [InspectionWarning]) {
    guard !warnings.isEmpty else { return }
    section("Warnings")
    for warning in warnings { line(warning.message) }
  }
}
