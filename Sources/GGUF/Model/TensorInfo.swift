// SPDX-License-Identifier: MIT

/// What the tensor table says of one tensor.
public struct TensorInfo: Sendable, Hashable {
  /// The tensor's name, unique in the model.
  public let name: String
  /// Weights along each dimension, innermost (contiguous) first; empty for a scalar.
  public let dimensions: [Int]
  /// How the weights are stored.
  public let type: TensorType
  /// Which of the model's files holds it, from 0.
  public let shard: Int
  /// Where its bytes begin in that file.
  public let byteOffset: Int
  /// Its size in bytes; `nil` for a type whose size nobody can tell.
  public let byteCount: Int?

  /// Describes a tensor of a model; its size follows from shape and type, as
  /// `TensorDescription.byteCount`.
  ///
  /// - Parameters:
  ///   - name: Its name, unique in the model.
  ///   - dimensions: Weights along each dimension, innermost first; empty for a scalar.
  ///   - type: How the weights are stored.
  ///   - shard: Which of the model's files holds it, from 0.
  ///   - byteOffset: Where its bytes begin in that file.
  /// - Precondition: No number is negative, and the weights can be counted in an `Int`.
  public init(
    name: String, dimensions: [Int], type: TensorType, shard: Int = 0, byteOffset: Int = 0
  ) {
    let description = TensorDescription(name: name, dimensions: dimensions, type: type)
    precondition(shard >= 0 && byteOffset >= 0 && dimensions.allSatisfy { $0 >= 0 })
    precondition(description.fullWeightCount != nil, "more weights than can be counted")
    self.name = name
    self.dimensions = dimensions
    self.type = type
    self.shard = shard
    self.byteOffset = byteOffset
    byteCount = description.byteCount
  }

  /// Name, shape and type, as a tensor to be written has them.
  public var description: TensorDescription {
    TensorDescription(name: name, dimensions: dimensions, type: type)
  }

  /// Weights in the whole tensor.
  public var weightCount: Int { dimensions.reduce(1, *) }
  /// Weights in a row: the innermost dimension.
  public var rowWeights: Int { dimensions.first ?? 1 }
  /// Rows in the whole tensor.
  public var rowCount: Int { dimensions.dropFirst().reduce(1, *) }
  /// Bytes of one row; `nil` where the size is not known.
  public var rowBytes: Int? {
    type.layout.map { rowWeights / $0.weightsPerBlock * $0.bytesPerBlock }
  }
}

extension TensorInfo {
  /// A tensor that no file holds, as if it stood at the beginning of one.
  public init(planned tensor: TensorDescription) {
    self.init(name: tensor.name, dimensions: tensor.dimensions, type: tensor.type)
  }
}

/// A tensor to be written: name, shape and type.
public struct TensorDescription: Sendable, Hashable {
  /// The tensor's name.
  public var name: String
  /// Weights along each dimension, innermost first.
  public var dimensions: [Int]
  /// How the weights will be stored.
  public var type: TensorType

  /// Describes a tensor to be written.
  public init(name: String, dimensions: [Int], type: TensorType) {
    self.name = name
    self.dimensions = dimensions
    self.type = type
  }

  /// Weights in a row: the innermost dimension.
  public var rowWeights: Int { dimensions.first ?? 1 }

  /// Bytes of the tensor; `nil` if the type's size is not known, rows are not whole blocks, or the
  /// number does not fit.
  public var byteCount: Int? {
    guard let layout = type.layout, (dimensions.first ?? 1) % layout.weightsPerBlock == 0 else {
      return nil
    }
    let bytes = fullWeightCount.flatMap {
      Checked.multiply($0 / layout.weightsPerBlock, layout.bytesPerBlock)
    }
    return dimensions.contains(0) ? bytes.map { _ in 0 } : bytes
  }

  /// The bytes that the tensor takes, or the fewest that it can take if its type is not known.
  var leastByteCount: Int { byteCount ?? (dimensions.contains(0) ? 0 : 1) }

  /// Weights of the tensor, a dimension of zero counted as one; `nil` if the number does not fit.
  ///
  /// Where this fits, the product of any of the dimensions does too, in whatever order it is taken.
  var fullWeightCount: Int? {
    dimensions.reduce(1) { product, next in
      product.flatMap { Checked.multiply($0, max(next, 1)) }
    }
  }
}
