// SPDX-License-Identifier: MIT
internal import BlockFormats
import GGUF

/// What one file of a plan takes to write: for sizing an array of jobs.
public struct ShardCost: Sendable {
  /// The file's name.
  public let path: String
  /// Its size.
  public let byteCount: Int
  /// Its tensors.
  public let tensorCount: Int
  /// Bytes of the source that are read for it.
  public let sourceByteCount: Int
  /// Weights that are encoded for it; the rest is copied.
  public let encodedWeightCount: Int
  /// Seconds that one core of this machine takes to encode them, without reading and writing; `nil` if
  /// some type cannot be encoded.
  public let coreSeconds: Double?
}

extension ModelPlan {
  /// What each file takes, from headers and a short trial of the encoders on this machine.
  ///
  /// - Parameter isWeighted: Whether encoders will have an importance matrix.
  /// - Returns: A cost for each file, in order.
  /// - Complexity: O(*n*) in tensors, and some milliseconds for each type.
  public func shardCosts(isWeighted: Bool) -> [ShardCost] {
    let types = Set(tensors.lazy.filter { $0.action == .encode }.map(\.description.type))
    let speeds = types.reduce(into: [:]) {
      $0[$1] = EncodingTrial.weightsPerSecond($1, effort: effort, isWeighted: isWeighted)
    }
    return files.map { file in
      let own = tensors[file.tensors]
      let encoded = own.filter { $0.action == .encode }
      return ShardCost(
        path: file.path, byteCount: file.layout.byteCount, tensorCount: own.count,
        sourceByteCount: own.reduce(0) { $0 + sourceBytes(of: $1) },
        encodedWeightCount: encoded.reduce(0) { $0 + $1.weightCount },
        coreSeconds: Self.seconds(encoded, speeds))
    }
  }

  private func sourceBytes(of tensor: Tensor) -> Int {
    tensor.slices.reduce(0) { sum, slice in
      let type = source.tensors[slice.tensor].type
      let bits = type.layout?.bitsPerWeight ?? 0
      return sum + Int(Double(slice.rows.count * tensor.sliceRowWeights) * bits / 8)
    }
  }

  private static func seconds(
    _ tensors: some Sequence<Tensor>, _ speeds: [TensorType: Double]
  ) -> Double? {
    var sum = 0.0
    for tensor in tensors {
      guard let speed = speeds[tensor.description.type] else { return nil }
      sum += Double(tensor.weightCount) / speed
    }
    return sum
  }
}

/// How fast this machine encodes a type, tried on a few rows.
enum EncodingTrial {
  private static let rowWeights = 2048
  private static let rows = 8

  /// Weights a second on one core; `nil` for a type that cannot be written.
  static func weightsPerSecond(
    _ type: TensorType, effort: Effort, isWeighted: Bool
  ) -> Double? {
    guard let format = FormatRegistry.encoder(of: type) else { return nil }
    let weights = self.weights
    let importance = isWeighted ? Array(repeating: Float(1), count: rowWeights) : nil
    let blocks = rows * rowWeights / format.layout.weightsPerBlock
    var bytes = [UInt8](repeating: 0, count: blocks * format.layout.bytesPerBlock)
    let clock = ContinuousClock()
    var best = Duration.seconds(1_000_000)
    // The first of them wakes caches and tables.
    for _ in 0..<3 {
      best = min(
        best,
        clock.measure {
          var span = bytes.mutableSpan
          var raw = unsafe span.mutableBytes
          format.encode(
            weights.span, rowWeights: rowWeights, importance: importance?.span, effort: effort,
            into: &raw)
        })
    }
    return Double(rows * rowWeights) / max(best / .seconds(1), 1e-9)
  }

  /// Nearly normal weights, always the same.
  private static var weights: [Float] {
    var state: UInt64 = 1
    return (0..<rows * rowWeights).map { _ in
      var sum: Float = 0
      for _ in 0..<4 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        sum += Float(state >> 40) / Float(1 << 24) - 0.5
      }
      return sum * 0.02
    }
  }
}
