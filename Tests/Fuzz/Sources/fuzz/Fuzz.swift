// SPDX-License-Identifier: MIT
// libFuzzer targets: whatever the bytes, reading them must neither trap nor hang nor take memory
// beyond what the bytes justify.
import CFuzzer
import Glibc

/// One kind of input.
struct Target: Sendable {
  /// The first argument of the program.
  let name: String
  /// Reads the input as files of this kind are read.
  let run: @Sendable (UnsafeRawBufferPointer) -> Void
}

/// All of them; a new one is a file and a line here.
let targets: [Target] = [.container, .importance, .recipe, .tokenizer, .corpus]

@main
enum Fuzz {
  static func main() {
    let names = targets.map(\.name).joined(separator: ", ")
    guard CommandLine.argc > 1, targets.contains(where: { $0.name == CommandLine.arguments[1] })
    else {
      print("usage: fuzz TARGET [libFuzzer options and folders]; targets are \(names)")
      exit(64)
    }
    // libFuzzer takes the target's name for the program's.
    var count = CommandLine.argc - 1
    var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? =
      CommandLine.unsafeArgv + 1
    exit(
      LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
        chosen.run(UnsafeRawBufferPointer(start: bytes, count: count))
        return 0
      })
  }
}

/// The target that the arguments name.
private let chosen: Target = targets.first { $0.name == CommandLine.arguments[1] } ?? targets[0]
