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
  func found(_ report: PlanReport) -> [String] { beyond(report) + emptied(report) }

  private func beyond(_ report: PlanReport) -> [String] {
    let places = report.losses.indices.filter { report.losses[$0].count > 0 }
    let lines = places.prefix(Self.mostLines).map { index in
      let (tensor, loss) = (plan.plan.tensors[index].description, report.losses[index])
      let weights = loss.count == 1 ? "1 weight is" : "\(Units.grouped(loss.count)) weights are"
      return
        "\(tensor.name): \(weights) larger than \(tensor.type) can hold, and became smaller; the"
        + " largest was \(loss.largest)"
    }
    let others = places.dropFirst(Self.mostLines)
    guard let largest = others.map({ report.losses[$0].largest.magnitude }).max() else {
      return lines
    }
    let count = others.reduce(0) { $0 + report.losses[$1].count }
    return lines + [
      "\(others.count) more tensors have \(Units.grouped(count)) weights that are larger than their"
        + " types can hold; the largest was \(largest)"
    ]
  }

  private func emptied(_ report: PlanReport) -> [String] {
    guard !report.emptiedTensors.isEmpty else { return [] }
    let names = report.emptiedTensors.map { index in
      let tensor = plan.plan.tensors[index].description
      return "\(tensor.name) (\(tensor.type))"
    }
    return [
      "\(RequantizeView.list(names)): all weights became zeros, as they are too small for the type"
    ]
  }
}
