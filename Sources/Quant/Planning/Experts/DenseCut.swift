// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Cuts a dense model out of a mixture: one expert of each layer becomes the layer's network, and the
/// routers go.
///
/// With a single expert the routing weight is 1 in the architectures here, so that the expert's output
/// stays as it is.
struct DenseCut {
  /// The expert of each layer.
  let chosen: [Int: Int]
  private let source: any ModelSource
  private let mixtures: Mixtures
  private let from: String
  private let form: DenseForm
  private var to: String { form.architecture }
  /// Numbers between an expert's products.
  private let width: Int

  /// Checks that there is such a model.
  ///
  /// - Parameters:
  ///   - source: The model with experts.
  ///   - mixtures: What it has.
  ///   - experts: The expert of all layers, or one for each layer with experts.
  /// - Throws: `QuantError.setting` for experts that do not exist, `.unsupported` for an architecture
  ///   without a dense form and for what a dense model cannot express, `.tensor` for fused projections
  ///   that do not have the rows of two.
  init(_ source: any ModelSource, _ mixtures: Mixtures, experts: [Int]) throws(QuantError) {
    from = source.metadata.architecture ?? ""
    guard let form = ArchitectureRegistry.denseForm(from) else {
      throw .unsupported(
        "\(source.path): the architecture \"\(from)\" has no dense form: a dense model can be cut out "
          + "of \(ArchitectureRegistry.namesWithDenseForm.joined(separator: ", "))")
    }
    self.form = form
    guard experts.count == 1 || experts.count == mixtures.layers.count else {
      throw .setting(
        .denseExperts,
        what: "expected one expert for all layers or one for each of the "
          + "\(mixtures.layers.count) layers with experts, found \(experts.count)")
    }
    if let wrong = experts.first(where: { !(0..<mixtures.expertCount).contains($0) }) {
      throw .setting(
        .denseExperts,
        what: "expected experts from 0 to \(mixtures.expertCount - 1), found \(wrong)")
    }
    chosen = Dictionary(
      uniqueKeysWithValues: mixtures.layers.enumerated().map { place, layer in
        (layer, experts[experts.count == 1 ? 0 : place])
      })
    self.source = source
    self.mixtures = mixtures
    width = source.tensors.first(where: Self.isDownOfExperts)?.rowWeights ?? 0
    try checkKeys()
    try checkTensors()
  }

  private func checkKeys() throws(QuantError) {
    let scale = source.metadata["\(from).expert_weights_scale"]?.number ?? 1
    guard scale == 1 || scale == 0 else {
      throw refused("a factor on the weights of experts (expert_weights_scale \(scale))")
    }
    if source.metadata["\(from).expert_shared_count"]?.integer ?? 0 > 0 {
      throw refused("shared experts (expert_shared_count)")
    }
  }

  private func checkTensors() throws(QuantError) {
    for tensor in source.tensors {
      let name = tensor.name
      if name.contains("shexp") { throw refused("shared experts (\(name))") }
      if name.contains("sinks") { throw refused("attention sinks (\(name))") }
      if let expert = ExpertTensorName(name) {
        try check(tensor, expert)
      } else if name.contains("_exps") || name.contains("_chexps") {
        throw refused("the tensor \(name)")
      }
    }
    try checkWidths()
  }

  private func check(_ tensor: TensorInfo, _ name: ExpertTensorName) throws(QuantError) {
    let isFused = name.projection == "gate_up"
    guard name.suffix == "weight" || (name.suffix == "bias" && form.allowsBiases && !isFused) else {
      throw refused("the tensor \(tensor.name)")
    }
    let rows = tensor.dimensions.count > 1 ? tensor.dimensions[1] : 1
    guard !isFused || (rows % 2 == 0 && rows / 2 == width) else {
      throw .shape(
        tensor: tensor.name, expected: "two times \(width) rows, for gate and up", found: "\(rows)")
    }
  }

  private static func isDownOfExperts(_ tensor: TensorInfo) -> Bool {
    ExpertTensorName(tensor.name).map { $0.projection == "down" && $0.suffix == "weight" } ?? false
  }

  /// All layers must be equally wide, those that had no experts too: one key tells of all.
  private func checkWidths() throws(QuantError) {
    for tensor in source.tensors {
      let parts = tensor.name.split(separator: ".")
      let isDense = parts.count == 4 && parts[2] == "ffn_down" && parts[3] == "weight"
      guard isDense || Self.isDownOfExperts(tensor), tensor.rowWeights != width else { continue }
      throw refused(
        "networks of different widths (\(width), and \(tensor.rowWeights) in layer \(parts[1]))")
    }
  }

  private func refused(_ what: String) -> QuantError {
    .unsupported("\(source.path): a dense model of the architecture \"\(to)\" cannot have \(what)")
  }

  // MARK: The model

  /// The dense model's tensors, in the source's order.
  func tensors(_ whole: [TensorOutline]) throws(QuantError) -> [TensorOutline] {
    let single = try ExpertLayout.perExpert.arranged(whole, expertCount: mixtures.expertCount)
    return single.flatMap { tensor -> [TensorOutline] in
      if RouterTensor(tensor.name) != nil { return [] }
      guard let name = ExpertTensorName(tensor.name) else { return [tensor] }
      guard name.expert == chosen[name.layer] else { return [] }
      return name.projection == "gate_up" ? halves(of: tensor, name) : [Self.named(tensor, name)]
    }
  }

  private static func named(_ tensor: TensorOutline, _ name: ExpertTensorName) -> TensorOutline {
    var renamed = tensor
    renamed.description.name = "blk.\(name.layer).ffn_\(name.projection).\(name.suffix)"
    return renamed
  }

  /// The fused projection's first rows are the gate, its last those of `up`.
  private func halves(of tensor: TensorOutline, _ name: ExpertTensorName) -> [TensorOutline] {
    let start = tensor.slices[0].rows.lowerBound
    return ["gate", "up"].enumerated().map { place, projection in
      let first = start + place * width
      return TensorOutline(
        TensorDescription(
          name: "blk.\(name.layer).ffn_\(projection).weight",
          dimensions: [tensor.description.rowWeights, width], type: tensor.description.type),
        slices: [.init(tensor: tensor.slices[0].tensor, rows: first..<first + width)],
        sliceRowWeights: tensor.sliceRowWeights, types: [tensor.description.type])
    }
  }

  /// The keys under the dense architecture's name, without those of experts.
  func metadata(_ old: Metadata) -> Metadata {
    var result = Metadata()
    for entry in old.entries {
      guard entry.key.hasPrefix(from + ".") else {
        result[entry.key] = entry.value
        continue
      }
      let key = entry.key.dropFirst(from.count + 1)
      if !key.hasPrefix("expert_") { result["\(to).\(key)"] = entry.value }
    }
    result["general.architecture"] = .string(MetadataString(to))
    result["\(to).feed_forward_length"] = .uint32(UInt32(clamping: width))
    return result
  }
}
