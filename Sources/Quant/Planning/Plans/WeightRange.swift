// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF
internal import QuantModels

/// The weights that a type can hold.
///
/// It is found by encoding larger and larger weights and looking at what comes back: scales are halves in
/// most types, and how far codes reach differs with each.
struct WeightRange: Sendable {
  /// The smallest weight that comes back; it is negative.
  let lowest: Float
  /// The largest one.
  let highest: Float

  /// Weights half a step beyond the largest half are still nearest to it.
  private static let tolerance: Float = 1 + 0x1p-11

  /// Measures a type.
  ///
  /// - Complexity: Some 130 blocks are encoded.
  init(of format: any EncodableFormat.Type) {
    let restored = Self.restored(Self.probes(format.facts.layout.weightsPerBlock), format)
    let finite = restored.filter(\.isFinite)
    lowest = -Self.reach(-(finite.min() ?? 0))
    highest = Self.reach(finite.max() ?? 0)
  }

  /// What is taken for the end of the range; types with wide exponents hold all floats.
  private static func reach(_ found: Float) -> Float {
    found > 0x1p120 ? .greatestFiniteMagnitude : found
  }

  /// Whether a weight is beyond it.
  func excludes(_ weight: Float) -> Bool {
    weight / Self.tolerance > highest || weight / Self.tolerance < lowest
  }

  /// Weights of this magnitude, and of any below it, are held.
  var certain: Float { min(-lowest, highest) }

  /// Blocks of one size of weight, of either sign, everywhere or in one place.
  private static func probes(_ width: Int) -> [Float] {
    var weights: [Float] = []
    for exponent in stride(from: 4, through: 127, by: 4) {
      for size in [Float(sign: .plus, exponent: exponent, significand: 1.9)].flatMap({ [$0, -$0] })
      {
        weights += repeatElement(size, count: width)
        weights += [size] + repeatElement(0, count: width - 1)
      }
    }
    return weights
  }

  private static func restored(
    _ weights: [Float], _ format: any EncodableFormat.Type
  ) -> [Float] {
    let layout = format.facts.layout
    var bytes = [UInt8](
      repeating: 0, count: weights.count / layout.weightsPerBlock * layout.bytesPerBlock)
    var span = bytes.mutableSpan
    var raw = unsafe span.mutableBytes
    format.encode(
      weights.span, rowWeights: layout.weightsPerBlock, importance: nil, effort: .fast, into: &raw)
    return format.decode(bytes)
  }
}

/// The ranges of the types of a plan, each measured once.
struct WeightRanges: Sendable {
  private let ranges: [TensorType: WeightRange]

  init(_ plan: ModelPlan) {
    var ranges: [TensorType: WeightRange] = [:]
    for tensor in plan.tensors where tensor.action == .encode {
      let type = tensor.description.type
      guard ranges[type] == nil, let format = FormatRegistry.encoder(of: type) else { continue }
      ranges[type] = WeightRange(of: format)
    }
    self.ranges = ranges
  }

  /// The range of a type; `nil` for one that the plan does not write.
  subscript(type: TensorType) -> WeightRange? { ranges[type] }
}
