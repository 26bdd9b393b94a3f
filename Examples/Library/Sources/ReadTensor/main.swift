// SPDX-License-Identifier: MIT

// Prints the first weights of a tensor, whatever its type: ReadTensor MODEL TENSOR
import BlockFormats
import GGUF

guard CommandLine.arguments.count == 3 else { fatalError("usage: ReadTensor MODEL TENSOR") }
let model = try GGUFFile.open(CommandLine.arguments[1])
let tensor = try model.tensor(CommandLine.arguments[2])
guard let format = FormatRegistry.format(of: tensor.type) else {
  fatalError("\(tensor.name) has \(tensor.type.inWords)")
}
let weights = try format.decode(model.bytes(of: tensor))
print(tensor.name, tensor.type, tensor.dimensions)
print(weights.prefix(8).map { "\($0)" }.joined(separator: " "))
