// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// Models of which a part is enough: a header, or one shard.
enum PartialModel {
  /// Opens what is there of a model, and warns of what is not.
  ///
  /// Throws `FileError` if the file is no model, or is not there.
  static func open(_ path: String) throws(FileError) -> GGUFFile {
    let file = try GGUFFile.open(path, requiring: .presentShards)
    if let missing = file.missingShards { Warnings.write("\(path): \(missing.sentence)") }
    return file
  }
}
