// SPDX-License-Identifier: MIT
import GGUF

extension Target {
  /// GGUF files: the header, every value of the metadata, and every tensor's bytes.
  static let container = Target(name: "container") { bytes in
    file.fill(bytes)
    guard let model = try? GGUFFile.open(file.path, requiring: .headerOnly) else { return }
    for entry in model.metadata.entries { read(entry.value) }
    for tensor in model.tensors { read(tensor, of: model) }
    _ = (model.files[0].trailingByteCount, model.files[0].isTruncated)
    _ = try? GGUFLayout(
      path: "copy", metadata: model.metadata, tensors: model.tensors.map(\.description))
  }
}

private let file = InputFile("model.gguf")

private func read(_ value: MetadataValue) {
  _ = (value.text, value.number)
  guard let array = value.elements else { return }
  precondition(array.values().count == array.count, "an array that was checked must be whole")
  precondition(value == value, "reading twice must give the same")
}

private func read(_ tensor: TensorInfo, of model: GGUFFile) {
  _ = (tensor.weightCount, tensor.rowCount, tensor.rowBytes, tensor.type.name)
  _ = try? model.bytes(of: tensor).reduce(0, &+)
}
