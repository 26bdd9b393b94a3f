// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels

/// The memory of a LoRA adapter: each pair of matrices is where the tensor is that it changes.
struct AdapterMemory {
  let items: [BesideModel.Item]

  /// Throws `QuantError.content` if the file is no adapter, or changes tensors that the model lacks.
  init(
    _ source: any ModelSource, of model: MemoryModel, _ placement: DevicePlacement,
    _ rules: BackendRules
  ) throws(QuantError) {
    try BesideFile.check(source, is: .adapter, "a LoRA adapter")
    var bytes: [MemoryDevice: Int] = [:]
    for tensor in source.tensors {
      let name = TensorName.adapted(by: tensor.name)
      guard let index = model.index(of: name) else {
        throw .content(
          file: source.path, line: 0,
          what: "expected changes to tensors of \(model.name), found \"\(tensor.name)\"")
      }
      let device = placement.tensors[index]
      let description = TensorDescription(
        name: tensor.name, dimensions: tensor.dimensions, type: tensor.type)
      let size = try BesideFile.bytes(description, of: source.path, on: device, rules)
      bytes[device] = [bytes[device] ?? 0, size].clampedSum { $0 }
    }
    items = bytes.map {
      .init(kind: .adapter, file: source.path, device: $0, bytes: $1, method: .exact)
    }.sorted { $0.device.name > $1.device.name }
  }
}
