// SPDX-License-Identifier: MIT

/// The files that a job reads, which its outputs must not replace.
public struct InputFiles: Sendable {
  private var paths: [Disk.Identity: String] = [:]

  /// Takes the names of files; those that are not there are passed over, and a shard stands for all.
  ///
  /// Links of any kind and other ways to spell a path make no difference.
  public init(_ names: [String]) {
    for name in names {
      for path in SplitName(path: name)?.allPaths ?? [name] {
        if let identity = Disk.identity(of: path) { paths[identity] = path }
      }
    }
  }

  /// Refuses a name that cannot be given to an output.
  ///
  /// The temporary name counts too: a download called `model.gguf.partial` is a file like any other,
  /// and writing `model.gguf` would empty it.
  ///
  /// - Throws: `GGUFError.unsupported` if one of the files lies there, or a folder or device;
  ///   `.system` if nothing can be written there.
  public func check(_ output: String) throws(GGUFError) {
    try Disk.checkPlace(output)
    for name in [output, OutputFile.temporaryPath(of: output)] {
      guard let input = Disk.identity(of: name).flatMap({ paths[$0] }) else { continue }
      throw .unsupported(file: name, what: "the output would replace its own source \(input)")
    }
  }
}
