// SPDX-License-Identifier: MIT

// Says whether a model fits a GPU: EstimateMemory MODEL CONTEXT GPU_BYTES
@preconcurrency import Glibc
import Quant

let arguments = CommandLine.arguments
guard arguments.count == 4, let context = Int(arguments[2]), let free = Int(arguments[3]) else {
  fputs("usage: EstimateMemory MODEL CONTEXT GPU_BYTES\n", stderr)
  exit(64)
}
do {
  let model = try MemoryModel(GGUFFile.open(arguments[1], requiring: .headerOnly))
  let options = ContextOptions(context: context)
  try options.check(for: model.shape)
  let fit = MemoryFit(model, options: options, budget: MemoryBudget(gpus: [free], margin: 0))
  for device in fit.estimate.gpus + [fit.estimate.host] {
    print(
      "\(device.device.name): weights \(device.weights), cache \(device.cache), "
        + "compute \(device.compute), total \(device.total) bytes")
  }
  let method = fit.estimate.computeMethod.rawValue
  print(fit.verdict?.rawValue ?? "no budget", "(compute buffers: \(method))")
} catch {
  fputs("error: \(error)\n", stderr)
  exit(1)
}
