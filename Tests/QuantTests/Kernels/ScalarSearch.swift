// SPDX-License-Identifier: MIT
import BlockKernels

/// The searches for one sub-block with scales of its own, a weight at a time: what the kernels must
/// equal to the bit, because they do the same operations in the same order.
struct ScalarSearch {
  let shape: SearchShape
  /// The weights divided by their peak, and how much an error at each matters.
  let weights: [Float]
  let errorWeights: [Float]
  let peak: Float
  let unit: Float

  init(_ block: [Float], importance: [Float]?, _ shape: SearchShape) {
    self.shape = shape
    peak = block.reduce(0) { max($0, $1.magnitude) }
    unit = peak > 1e-20 ? 1 / peak : 0
    let inverse = unit
    let scaled = block.map { $0 * inverse }
    let count = Float(block.count)
    let base = scaled.reduce(0) { $0 + $1.magnitude } * (3 / count)
    let columns = importance ?? block.map { _ in 1 }
    let columnUnit = Self.inverse(columns.reduce(0) { max($0, $1) })
    errorWeights = zip(scaled, columns).map { weight, column in
      max(column * columnUnit, 0x1p-20) * (base + weight.magnitude)
    }
    weights = scaled
  }

  /// Scale, min and quants by the affine search.
  func affine() -> (scale: Float, min: Float, quants: [UInt8]) {
    let least = weights.reduce(Float.infinity) { Swift.min($0, $1) }
    let y = weights.map { $0 - least }
    let range = y.reduce(0) { max($0, $1) }
    var best = (scale: Float(0), offset: Float(0), gain: Float(0))
    func attempt(_ inverse: Float, _ shift: Float) {
      let fit = affineFit(y, inverse, shift)
      if fit.gain > best.gain { best = fit }
    }
    for rung in 0..<shape.steps {
      let span = span(rung)
      attempt(Self.inverse(range) * span, 0)
      if shape.bothSides { attempt(Self.inverse(range) * span, shape.levels - span) }
    }
    for _ in 0..<shape.refits {
      let inverse = Self.inverse(best.scale)
      attempt(inverse, -best.offset * inverse)
    }
    let scale = nearestHalf(best.scale * peak)
    let base = nearestHalf((best.offset + least) * peak)
    let inverse = Self.inverse(scale * unit)
    let quants = weights.map {
      UInt8(quant($0 * inverse + -(base * unit) * inverse, low: 0, high: shape.levels))
    }
    return (scale, base, quants)
  }

  /// Scale and quants by the symmetric search.
  func symmetric() -> (scale: Float, quants: [UInt8]) {
    let least = weights.reduce(0) { Swift.min($0, $1) }
    let most = weights.reduce(0) { max($0, $1) }
    let unit = Self.inverse(most > -least ? most : least)
    var best = (scale: Float(0), gain: Float(0))
    func attempt(_ inverse: Float) {
      let fit = symmetricFit(inverse)
      if fit.gain > best.gain { best = fit }
    }
    for rung in 0..<shape.steps {
      attempt(unit * -span(rung))
      if shape.bothSides { attempt(unit * span(rung)) }
    }
    for _ in 0..<shape.refits { attempt(Self.inverse(best.scale)) }
    let scale = nearestHalf(best.scale * peak)
    let inverse = Self.inverse(scale * self.unit)
    let quants = weights.map {
      UInt8(quant($0 * inverse, low: -shape.levels, high: shape.levels - 1) + shape.levels)
    }
    return (scale, quants)
  }

  private func affineFit(
    _ y: [Float], _ inverse: Float, _ shift: Float
  ) -> (scale: Float, offset: Float, gain: Float) {
    var w: Float = 0, wy: Float = 0, q: Float = 0, qq: Float = 0, qy: Float = 0
    for index in y.indices {
      let level = quant(y[index] * inverse + shift, low: 0, high: shape.levels)
      w += errorWeights[index]
      wy += errorWeights[index] * y[index]
      q += errorWeights[index] * level
      qq += errorWeights[index] * level * level
      qy += errorWeights[index] * level * y[index]
    }
    let product = w * qq
    let determinant = product - q * q
    let offset = determinant > product * 1e-5 ? (qq * wy - q * qy) / determinant : 0
    let rest = qy - offset * q
    let scale = qq > 0x1p-100 ? rest / qq : 0
    return (scale, offset, offset * (2 * wy - offset * w) + scale * rest)
  }

  private func symmetricFit(_ inverse: Float) -> (scale: Float, gain: Float) {
    var qx: Float = 0, qq: Float = 0
    for index in weights.indices {
      let level = quant(weights[index] * inverse, low: -shape.levels, high: shape.levels - 1)
      qx += errorWeights[index] * weights[index] * level
      qq += errorWeights[index] * level * level
    }
    let scale = qq > 0x1p-100 ? qx / qq : 0
    return (scale, scale * qx)
  }

  private func span(_ rung: Int) -> Float {
    shape.levels + shape.firstStep
      + Float(rung) * ((shape.lastStep - shape.firstStep) / Float(max(shape.steps - 1, 1)))
  }

  private func quant(_ value: Float, low: Float, high: Float) -> Float {
    min(max(value.rounded(.toNearestOrEven), low), high)
  }

  private static func inverse(_ value: Float) -> Float {
    value.magnitude > 0x1p-100 ? 1 / value : 0
  }
}
