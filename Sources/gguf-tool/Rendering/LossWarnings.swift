// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What makes a written model differ from what its user expects, in words: warnings, or errors with
/// `--strict`.
struct LossWarnings {
  private let plan: RequantizePlan
  /// Tensors that have a line of their own.
  private static let mostLines = 8

  init(_ plan: RequantizePlan) { self.plan = plan }

  /// What is known before the work.
  var planned: [String] { activations + lists }

  private var activations: [String] {
    let types = Set(plan.activationTensors.map(\.type)).sorted { $0.rawValue < $1.rawValue }
    return types.map { type in
      let names = plan.activationTensors.filter { $0.type == type }.map(\.name)
      return "\(RequantizeView.list(names)): \(type) is a type for activations: no program loads"
        + " models with tensors of it"
    }
  }

  private var lists: [String] {
    plan.addedLayerLists.map { key in
      "the layers that are left do not follow the architecture's order: the key "
        + "\(plan.plan.source.metadata.architecture ?? "").\(key) now lists what each is, and a"
        + " program that does not read such a list computes something else"
    }
  }

  /// What a run found.
  func found(_ report: PlanReport) -> [String] {
    Self.lines(report.losses(of: plan.plan), report.emptiedTensors(of: plan.plan))
  }

  /// What was lost, in words.
  static func lines(_ losses: [TensorLoss], _ emptied: [EmptiedTensor]) -> [String] {
    beyond(losses) + self.emptied(emptied)
  }

  private static func beyond(_ losses: [TensorLoss]) -> [String] {
    let lines = losses.prefix(mostLines).map { loss in
      let weights =
        loss.weights == 1 ? "1 weight is" : "\(Units.grouped(loss.weights)) weights are"
      return "\(loss.tensor): \(weights) larger than \(loss.type) can hold, and became smaller; the"
        + " largest was \(loss.largest)"
    }
    let others = losses.dropFirst(mostLines)
    guard let largest = others.map(\.largest.magnitude).max() else { return lines }
    let count = others.reduce(0) { $0 + $1.weights }
    return lines + [
      "\(others.count) more tensors have \(Units.grouped(count)) weights that are larger than their"
        + " types can hold; the largest was \(largest)"
    ]
  }

  private static func emptied(_ tensors: [EmptiedTensor]) -> [String] {
    guard !tensors.isEmpty else { return [] }
    let names = tensors.map { "\($0.tensor) (\($0.type))" }
    return [
      "\(RequantizeView.list(names)): all weights became zeros, as they are too small for the type"
    ]
  }
}

/// What variants of one model lose: a tensor loses the same in a type every time, and is named once.
struct NewLosses {
  private var losses: Set<TensorLoss> = []
  private var emptied: Set<EmptiedTensor> = []

  /// What a variant lost and none before it, in words.
  mutating func lines(of point: Frontier.Point) -> [String] {
    let lines = LossWarnings.lines(
      point.losses.filter { losses.insert($0).inserted },
      point.emptiedTensors.filter { emptied.insert($0).inserted })
    return lines.map { "\(point.series.rawValue) \(point.label): \($0)" }
  }
}
