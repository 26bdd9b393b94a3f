// SPDX-License-Identifier: MIT
internal import GGUF

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension ModelReader {
  /// The rotation that the keys describe.
  ///
  /// - Parameters:
  ///   - pairing: Which numbers are turned together.
  ///   - headSize: Numbers of a head; by default all of them are turned.
  ///   - longContext: Whether the tensors of factors for long and short contexts are looked for,
  ///     whatever the type of scaling.
  ///   - factors: How many factors the tensors have, if not one a pair: the first are used.
  /// - Returns: The rotation.
  /// - Throws: `QuantError` for keys and tensors that are missing or do not fit.
  func rotation(
    _ pairing: Rotation.Pairing, headSize: Int, longContext: Bool = false, factors: Int? = nil
  ) throws(QuantError) -> Rotation {
    let dimensions = try rotated("rope.dimension_count", of: headSize)
    var rotation = Rotation(
      pairing: pairing, dimensions: dimensions, base: try number("rope.freq_base", default: 10_000))
    guard rotation.base > 0 else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).rope.freq_base: expected a positive number, found \(rotation.base)")
    }
    rotation.magnitude = try number("rope.scaling.attn_factor", default: 1)
    try setScaling(of: &rotation)
    rotation.factors = try rotationFactors(factors ?? dimensions / 2, longContext: longContext)
    return rotation
  }

  /// How many numbers of a head are turned: what a key says, or all.
  func rotated(
    _ key: String, of headSize: Int, default fallback: Int? = nil
  ) throws(QuantError) -> Int {
    let dimensions = try integer(key, default: fallback ?? headSize, in: 0...headSize)
    guard dimensions % 2 == 0 else {
      throw .content(
        file: source.path, line: 0,
        what: "\(architecture).\(key): expected an even number, found \(dimensions)")
    }
    return dimensions
  }

  /// Tokens of a window of the model before its angles were made smaller.
  private func originalContext() throws(QuantError) -> Int {
    try integer(
      "rope.scaling.original_context_length", default: try integer("context_length", default: 0))
  }

  private func setScaling(of rotation: inout Rotation) throws(QuantError) {
    let older = try number("rope.scale_linear", default: 0)
    let given = try number("rope.scaling.factor", default: older)
    let factor = given == 0 ? 1 : given
    switch text("rope.scaling.type") ?? "linear" {
    case "none":
      rotation.scaling = .linear(1)
    case "yarn":
      rotation.scaling = .yarn(
        factor: factor, originalContext: try originalContext(),
        fast: try number("rope.scaling.yarn_beta_fast", default: 32),
        slow: try number("rope.scaling.yarn_beta_slow", default: 1))
      rotation.magnitude *= 1 + 0.1 * Float(log(Double(factor)))
    default:
      // Linear, and "longrope", whose tensors of factors come on top.
      rotation.scaling = .linear(factor)
    }
  }

  private func rotationFactors(_ pairs: Int, longContext: Bool) throws(QuantError) -> TensorInfo? {
    if !longContext, let factors = try optional("rope_freqs.weight", [pairs]) { return factors }
    guard longContext || text("rope.scaling.type") == "longrope" else { return nil }
    let isLong = contextLength > (try originalContext())
    return try optional("rope_factors_\(isLong ? "long" : "short").weight", [pairs])
  }

  /// Leaves the pairs of the fourth section as they are: what several numbers tell the position of
  /// images with, the first three tell alike of text, and the fourth is zero.
  ///
  /// - Parameters:
  ///   - rotation: What is changed.
  ///   - interleaved: Whether the pairs of the first three sections alternate, instead of following each
  ///     other.
  /// - Throws: `QuantError.content` without the key of four sections.
  func setSections(of rotation: inout Rotation, interleaved: Bool) throws(QuantError) {
    let sections = try integers("rope.dimension_sections", layers: 4, in: 0...65_535)
    let all = sections.reduce(0, +)
    guard all > 0 else { return }
    let still = (0..<rotation.dimensions / 2).filter { pair in
      interleaved
        ? pair % all >= 3 * sections[pair % all % 3]
        : pair % all >= sections[0] + sections[1] + sections[2]
    }
    rotation.stillPairs = Set(still)
  }
}
