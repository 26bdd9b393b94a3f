// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// Names of files to be written.
enum OutputPath {
  /// Refuses a name under which, or under whose temporary name, a model lies that is to be read.
  static func check(_ path: String, isNot model: GGUFFile) throws(QuantError) {
    for name in [path, OutputFile.temporaryPath(of: path)] {
      guard let identity = Disk.identity(of: name) else { continue }
      for shard in model.shards where Disk.identity(of: shard.mapping.path) == identity {
        throw .unsupported("\(path): writing it would destroy the model \(shard.mapping.path)")
      }
    }
  }
}
