// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF

@main
struct GGUFTool: ParsableCommand {
  func run() throws {
    print(try GGUFFile.open("").tensors.count)
  }
}
