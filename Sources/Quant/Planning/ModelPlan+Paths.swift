// SPDX-License-Identifier: MIT
import GGUF

extension ModelPlan {
  /// Refuses names whose files must not be lost: the job's own inputs, and what is no plain file.
  ///
  /// The temporary names count too. A download called `model.gguf.partial` is a model like any other,
  /// and writing `model.gguf` would empty it before it is read.
  ///
  /// - Parameters:
  ///   - output: The names that the plan was made for.
  ///   - importance: The importance matrix, if there is one.
  /// - Throws: `QuantError.unsupported` with the first such name.
  /// - Complexity: O(*n*) in files.
  public func checkPaths(
    _ output: OutputNaming, importance: ImportanceMatrix?
  ) throws(QuantError) {
    var inputs: [Disk.Identity: String] = [:]
    for path in source.shards.map(\.mapping.path) + [importance?.path].compactMap({ $0 }) {
      if let identity = Disk.identity(of: path) { inputs[identity] = path }
    }
    try Self.check(Journal.path(of: output.path), inputs)
    for file in files {
      try Self.check(file.path, inputs)
      try Self.check(OutputFile.temporaryPath(of: file.path), inputs)
    }
  }

  private static func check(_ path: String, _ inputs: [Disk.Identity: String]) throws(QuantError) {
    if let input = Disk.identity(of: path).flatMap({ inputs[$0] }) {
      throw .unsupported("\(path): the output would replace its own source \(input)")
    }
    guard Disk.isReplaceable(path) else {
      throw .unsupported("\(path): expected a file or nothing, found a folder or a device")
    }
  }
}
