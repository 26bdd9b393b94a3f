// SPDX-License-Identifier: MIT
internal import BlockFormats
public import GGUF

/// What the weights of one tensor are like.
public struct TensorStatistics: Sendable, Encodable {
  /// Weights of the tensor.
  public private(set) var weightCount = 0
  /// The least finite weight; `nil` if there is none.
  public private(set) var minimum: Float?
  /// The greatest finite weight.
  public private(set) var maximum: Float?
  /// The mean of the finite weights.
  public private(set) var mean = 0.0
  /// Their standard deviation (of all of them, not of a sample).
  public private(set) var standardDeviation = 0.0
  /// Weights that are zero.
  public private(set) var zeroCount = 0
  /// Weights that are NaN or infinite.
  public private(set) var nonFiniteCount = 0
  /// The first weights of the tensor.
  public private(set) var firstValues: [Float] = []
  /// How the finite weights are spread.
  public private(set) var histogram: Histogram

  /// A part of the range of weights, and how many lie in it.
  public struct Bin: Sendable, Encodable, Equatable {
    /// The least weight of the bin.
    public let from: Float
    /// Where the next bin begins.
    public let to: Float
    /// Weights in it.
    public let count: Int
  }

  /// Bins of equal width. The first and last also hold what lies outside of them.
  public typealias Histogram = [Bin]

  /// Decodes a tensor part by part and looks at every weight once.
  ///
  /// - Parameters:
  ///   - tensor: A tensor of any type that can be decoded.
  ///   - model: The model.
  ///   - valueCount: How many of the first weights to keep.
  ///   - binCount: Bins of the histogram.
  ///   - progress: Called with the number of weights done since the call before.
  /// - Returns: The statistics.
  /// - Throws: `QuantError` if the tensor cannot be decoded or read.
  /// - Complexity: O(*n*) in weights; memory is bounded whatever the tensor's size.
  public static func measure(
    _ tensor: TensorInfo, of model: any ModelSource, valueCount: Int = 16, binCount: Int = 16,
    progress: (Int) -> Void = { _ in }
  ) throws(QuantError) -> TensorStatistics {
    var reader = try TensorReader(model: model, tensor: tensor)
    var tally = WeightTally()
    var first: [Float] = []
    var slab = [Float](repeating: 0, count: min(slabWeights, tensor.weightCount))
    var start = 0
    while start < tensor.weightCount {
      let count = min(slab.count, tensor.weightCount - start)
      var span = slab.mutableSpan
      var part = span.slice(0..<count)
      try reader.readWeights(start..<start + count, into: &part)
      tally.add(slab, count: count)
      if first.count < valueCount {
        first += slab.prefix(min(count, valueCount - first.count))
      }
      progress(count)
      start += count
    }
    return TensorStatistics(tally, first: first, binCount: binCount)
  }

  /// A multiple of every block.
  private static let slabWeights = 1 << 20

  private init(_ tally: WeightTally, first: [Float], binCount: Int) {
    weightCount = tally.count
    zeroCount = tally.zeroCount
    nonFiniteCount = tally.nonFiniteCount
    firstValues = first
    if tally.finiteCount > 0 {
      minimum = tally.minimum
      maximum = tally.maximum
      mean = tally.mean
      standardDeviation = tally.variance.squareRoot()
    }
    histogram = tally.histogram(binCount: binCount)
  }
}
