// SPDX-License-Identifier: MIT
import ArgumentParser
import Quant

/// Sizes in bytes, as options take them.
enum Size {
  /// `500M` or `48G` as bytes, in powers of 1000 as llama-gguf-split has them.
  ///
  /// Throws `ValidationError` for anything else.
  static func bytes(_ text: String, option: String) throws -> Int {
    let units: [Character: Int] = ["K": 1_000, "M": 1_000_000, "G": 1_000_000_000]
    let unit = text.last.flatMap { units[Character($0.uppercased())] }
    let digits = unit == nil ? text[...] : text.dropLast()
    guard let number = Int(digits), number > 0,
      case let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1), !overflow
    else {
      throw ValidationError("\(option): expected a size such as 500M or 48G, found \"\(text)\".")
    }
    return bytes
  }

  /// `12GiB`, `12.5GB` or `12G` as bytes: units of 1024 where they say so.
  ///
  /// Throws `ValidationError` for anything else, and for less than `least`.
  static func exact(_ text: String, option: String, least: Int = 1) throws -> Int {
    guard let bytes = ByteSize.bytes(text), bytes >= least else {
      throw ValidationError("\(option): expected a size such as 16GiB or 16G, found \"\(text)\".")
    }
    return bytes
  }

  /// The memory of each GPU, set apart by commas.
  ///
  /// Throws `ValidationError` for anything else, and for more GPUs than a machine has.
  static func gpus(_ text: String, option: String) throws -> [Int] {
    let sizes = try text.split(separator: ",", omittingEmptySubsequences: false)
      .map { try exact(String($0), option: option) }
    try checkGPUs(sizes, option: option)
    return sizes
  }

  /// Throws `ValidationError` for more GPUs than a machine has.
  static func checkGPUs(_ sizes: [Int], option: String) throws {
    guard sizes.count <= 64 else {
      throw ValidationError("\(option): expected at most 64 GPUs, found \(sizes.count).")
    }
  }
}
