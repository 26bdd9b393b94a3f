// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// Which weights of one model are which of another.
struct TensorMatching: Sendable {
  /// A tensor, or one expert's part of it.
  struct Side: Sendable {
    let tensor: TensorInfo
    /// Where the part begins.
    let firstWeight: Int
    /// Its dimensions, those of one at the end left out.
    let dimensions: [Int]

    var weightCount: Int { dimensions.reduce(1, *) }
  }

  /// What both models have under one name, in one shape.
  struct Pair: Sendable {
    let name: String
    let first: Side
    let second: Side

    var role: String {
      ModelPlan.role(
        of: TensorDescription(name: name, dimensions: first.dimensions, type: first.tensor.type))
    }
  }

  /// Weights of a pair that are compared at once.
  struct Run: Sendable {
    let pair: Int
    let weights: Range<Int>
  }

  let pairs: [Pair]
  /// What has no counterpart.
  let faults: [Fault]

  /// A multiple of every block.
  private static let runWeights = 1 << 18

  /// Matches the tensors of two models by their names.
  init(_ model: any ModelSource, _ other: any ModelSource) {
    let mine = Self.sides(of: model, as: other)
    let theirs = Self.sides(of: other, as: model)
    let places = Dictionary(theirs.map { ($0.name, $0.side) }, uniquingKeysWith: { a, _ in a })
    var pairs: [Pair] = []
    var faults: [Fault] = []
    for (name, side) in mine {
      guard let match = places[name] else {
        faults.append(
          Fault(
            kind: .extra, file: other.path, tensor: name, expected: "this tensor in \(other.path)",
            found: "none"))
        continue
      }
      guard match.dimensions == side.dimensions else {
        faults.append(
          Fault(
            kind: .shape, file: model.path, tensor: name,
            expected: "\(Self.text(match)) as in \(other.path)", found: Self.text(side)))
        continue
      }
      pairs.append(Pair(name: name, first: side, second: match))
    }
    let known = Set(mine.map(\.name))
    faults += theirs.filter { !known.contains($0.name) }.map { name, _ in
      Fault(
        kind: .missing, file: model.path, tensor: name,
        expected: "this tensor, as in \(other.path)",
        found: "none")
    }
    self.pairs = pairs
    self.faults = faults
  }

  /// All runs of all pairs.
  var runs: [Run] {
    pairs.enumerated().flatMap { index, pair in
      let count = pair.first.weightCount
      return stride(from: 0, to: count, by: Self.runWeights).map { start in
        Run(pair: index, weights: start..<min(start + Self.runWeights, count))
      }
    }
  }

  private static func text(_ side: Side) -> String {
    side.dimensions.isEmpty ? "1" : side.dimensions.map(String.init).joined(separator: " x ")
  }

  /// The tensors of a model, merged ones cut into experts where the other model has them so.
  private static func sides(
    of model: any ModelSource, as other: any ModelSource
  ) -> [(name: String, side: Side)] {
    model.tensors.flatMap { tensor in
      let shape = Array(tensor.dimensions.reversed().drop { $0 == 1 }.reversed())
      guard let name = ExpertTensorName(tensor.name), name.expert == nil,
        let rank = name.mergedRank, tensor.dimensions.count >= rank,
        !other.contains(tensor.name), other.contains(name.single(0))
      else { return [(tensor.name, Side(tensor: tensor, firstWeight: 0, dimensions: shape))] }
      let own = Array(tensor.dimensions.prefix(rank - 1))
      let size = own.reduce(1, *)
      let trimmed = Array(own.reversed().drop { $0 == 1 }.reversed())
      let experts = min(tensor.dimensions[rank - 1], ExpertLayout.mostExperts)
      return (0..<experts).map { expert in
        (
          name.single(expert),
          Side(tensor: tensor, firstWeight: expert * size, dimensions: trimmed)
        )
      }
    }
  }
}
