// SPDX-License-Identifier: MIT

// Prints the first weights of a tensor, whatever its type: ReadTensor MODEL TENSOR
import BlockFormats
import GGUF
@preconcurrency import Glibc

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
  fputs("usage: ReadTensor MODEL TENSOR\n", stderr)
  exit(64)
}
do {
  let model = try GGUFFile.open(arguments[1])
  let tensor = try model.tensor(arguments[2])
  guard let format = FormatRegistry.format(of: tensor.type) else {
    throw FileError.unsupported(
      file: arguments[1], what: "\(tensor.name) has \(tensor.type.inWords)")
  }
  let weights = try format.decode(model.bytes(of: tensor))
  print(tensor.name, tensor.type, tensor.dimensions)
  print(weights.prefix(8).map { "\($0)" }.joined(separator: " "))
} catch {
  fputs("error: \(error)\n", stderr)
  exit(1)
}
