// SPDX-License-Identifier: MIT
import ArgumentParser
import GGUF
import Quant

/// Sizes in bytes, as options take them.
enum Size {
  /// `12GiB`, `12.5GB` or `12G` as bytes: units of 1024 where they say so.
  ///
  /// Throws `ValidationError` for anything else, for a small number without a unit, and for less than
  /// `least`.
  static func bytes(_ text: String, option: String, least: Int = 1) throws -> Int {
    var fault = Amount.Fault.noSize
    do {
      let bytes = try Amount.bytes(text)
      if bytes >= least { return bytes }
    } catch {
      fault = error
    }
    throw ValidationError("\(option): expected \(fault.expectation), found \"\(text)\".")
  }

  /// Room in a header.
  ///
  /// Throws `ValidationError` for anything but a size, and for more than a header can have.
  static func headerRoom(_ text: String) throws -> Int {
    let option = "--header-room"
    let bytes = text == "0" ? 0 : try bytes(text, option: option)
    guard bytes <= HeaderRoom.mostBytes else {
      throw ValidationError(
        "\(option): expected at most \(HeaderRoom.mostBytes >> 20)MiB, found \"\(text)\".")
    }
    return bytes
  }

  /// The memory of each GPU, set apart by commas.
  ///
  /// Throws `ValidationError` for anything else, and for more GPUs than a machine has.
  static func gpus(_ text: String, option: String) throws -> [Int] {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if parts.count > 1, parts.contains(where: { Int($0) != nil && $0 != "0" }) {
      throw ValidationError(
        "\(option): expected a size with its unit for each GPU, such as 24GiB,24GiB, and a point in"
          + " 1.5GiB, found \"\(text)\".")
    }
    let sizes = try parts.map { try bytes($0, option: option) }
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

/// Numbers of tokens, as options take them.
enum TokenCount {
  /// How help names the units.
  static let help = "such as 8192 or 128k (powers of 1024)"

  /// `8192` or `128k` as a number.
  ///
  /// Throws `ValidationError` for anything else.
  static func parse(_ text: String) throws -> Int {
    guard let count = Amount.tokens(text) else {
      throw ValidationError("expected a number of tokens \(help)")
    }
    return count
  }

  /// A context length as it was given, where 0 stands for that of a model's header.
  ///
  /// Throws `ValidationError` for 0 where the model does not say.
  static func context(_ count: Int?, of source: any ModelSource) throws -> Int? {
    try context(count, trained: source.metadata.model("context_length")?.integer)
  }

  /// A context length as it was given, where 0 stands for the model's own.
  ///
  /// Throws `ValidationError` for 0 where the model does not say.
  static func context(_ count: Int?, trained: Int?, option: String = "--ctx") throws -> Int? {
    guard count == 0 else { return count }
    guard let trained else {
      throw ValidationError(
        "\(option) 0 stands for the model's context length, which this model does not say:"
          + " expected a number.")
    }
    return trained
  }
}
