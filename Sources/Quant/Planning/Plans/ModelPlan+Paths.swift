// SPDX-License-Identifier: MIT
import GGUF
public import QuantModels

extension ModelPlan {
  /// Refuses names whose files must not be lost: the job's own inputs, and what is no plain file.
  ///
  /// - Parameters:
  ///   - output: The names that the plan was made for.
  ///   - importance: The importance matrix, if there is one.
  /// - Throws: `QuantError.file` with the first such name.
  /// - Complexity: O(*n*) in files.
  public func checkPaths(
    _ output: OutputNaming, importance: ImportanceMatrix?
  ) throws(QuantError) {
    let inputs = InputFiles(
      models: source.files.map(\.name) + [importance?.path].compactMap({ $0 }))
    try QuantError.wrapping { () throws(FileError) in
      // The files first: an error names what was given.
      for file in files {
        try inputs.check(file.path)
        try Self.checkPrefix(file.path)
      }
      try inputs.check(Journal.path(of: output.path))
    }
  }

  /// Refuses shards without a name of their own: those of a folder, or of standard output.
  private static func checkPrefix(_ path: String) throws(FileError) {
    guard let prefix = SplitName(path: path)?.prefix,
      let name = prefix.split(separator: "/", omittingEmptySubsequences: false).last,
      ["", ".", "..", "-"].contains(name)
    else { return }
    throw .invalid(
      file: prefix,
      what: "expected the beginning of the shards' names, such as model, found"
        + (name == "-" ? " a stream" : " a folder"))
  }
}
