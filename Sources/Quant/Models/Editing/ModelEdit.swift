// SPDX-License-Identifier: MIT
public import GGUF

/// Changes to the keys and tensor names of a model, checked before anything is written.
public struct ModelEdit: Sendable {
  /// The header that the changed file will have.
  public let header: HeaderEdit
  /// Keys as they were and as they will be, without the room for later edits.
  public let before: Metadata, after: Metadata
  /// Old and new names of tensors, in the order in which they were given.
  public let renamedTensors: [(old: String, new: String)]

  /// Plans changes.
  ///
  /// - Parameters:
  ///   - model: The model; of a split one, one file is changed.
  ///   - changes: The changes to its metadata, made one after the other.
  ///   - names: Old and new names of tensors.
  ///   - room: Bytes of room in the header for later edits; `nil` for what there is.
  /// - Throws: `QuantError.setting` for changes that cannot be made, or after which the model would have a
  ///   fault that it has not now; `.file` for names that no reader takes.
  /// - Complexity: O(*n*) in the bytes of the header.
  public init(
    _ model: GGUFFile, changes: [MetadataChange], renaming names: [(old: String, new: String)] = [],
    room: Int? = nil
  ) throws(QuantError) {
    var metadata = model.metadata
    for change in changes { try change.apply(to: &metadata) }
    let isKeyChange = metadata != model.metadata || room != nil
    let renaming = try Self.renaming(names, in: model)
    let tensors = model.tensors.map { tensor in
      renaming[tensor.name].map(tensor.renamed(to:)) ?? tensor
    }
    try ModelValidation.check(
      ModelHeader(path: model.path, metadata: metadata, tensors: tensors), madeFrom: model,
      .metadata)
    let file = try Self.file(model, isKeyChange: isKeyChange, renaming)
    header = try QuantError.wrapping { () throws(FileError) in
      try HeaderEdit(
        model, file: file, metadata: file == 0 ? metadata : model.metadata(ofFile: file),
        renaming: renaming, room: room)
    }
    before = model.metadata.withHeaderRoom(nil)
    after = metadata.withHeaderRoom(nil)
    renamedTensors = names
  }

  private static func renaming(
    _ names: [(old: String, new: String)], in model: GGUFFile
  ) throws(QuantError) -> [String: String] {
    var renaming: [String: String] = [:]
    for (old, new) in names {
      guard model.contains(old) else {
        let near = NearName.question(old, among: model.tensors.map(\.name))
        throw .setting(.metadata, what: "expected a tensor \"\(old)\", found none\(near)")
      }
      guard renaming.updateValue(new, forKey: old) == nil else {
        throw .setting(.metadata, what: "tensor \"\(old)\" is renamed twice")
      }
    }
    return renaming
  }

  /// The one file that changes: keys stand in the first.
  private static func file(
    _ model: GGUFFile, isKeyChange: Bool, _ renaming: [String: String]
  ) throws(QuantError) -> Int {
    var files = Set(model.tensors.filter { renaming[$0.name] != nil }.map(\.shard))
    if isKeyChange { files.insert(0) }
    guard files.count <= 1 else {
      throw .setting(
        .metadata,
        what:
          "the changes are in \(files.count) files of the split model: change one file at a time"
      )
    }
    return files.first ?? 0
  }
}

extension TensorInfo {
  /// The same tensor under another name.
  fileprivate func renamed(to name: String) -> TensorInfo {
    TensorInfo(
      name: name, dimensions: dimensions, type: type, shard: shard, byteOffset: byteOffset)
  }
}
