// SPDX-License-Identifier: MIT

/// The files that a job reads, which its outputs must not replace.
package struct InputFiles: Sendable {
  private var paths: [Disk.Identity: String] = [:]

  /// Takes the paths of files; those that do not exist are ignored.
  ///
  /// Links of any kind and other ways to spell a path make no difference.
  package init(paths: [String]) {
    for path in paths {
      if let identity = Disk.identity(of: path) { self.paths[identity] = path }
    }
  }

  /// Refuses a name that cannot be given to an output.
  ///
  /// The temporary name counts too: a download called `model.gguf.partial` is a file like any other,
  /// and writing `model.gguf` would empty it.
  ///
  /// - Throws: `FileError.invalid` if one of the files lies there, or a folder or device;
  ///   `.system` if nothing can be written there.
  package func check(_ output: String) throws(FileError) {
    try Disk.checkPlace(output)
    for name in [output, OutputFile.temporaryPath(of: output)] {
      guard let input = Disk.identity(of: name).flatMap({ paths[$0] }) else { continue }
      throw .invalid(file: name, what: "the output would replace its own source \(input)")
    }
  }
}
