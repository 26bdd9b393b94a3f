// SPDX-License-Identifier: MIT
internal import GGUF

/// A tensor with weights that are larger than its new type can hold, so that they became smaller.
public struct TensorLoss: Sendable, Codable, Hashable {
  /// Its name.
  public let tensor: String
  /// The name of the type.
  public let type: String
  /// How many weights.
  public let weights: Int
  /// The largest of them, with its sign.
  public let largest: Float

  /// Takes what is known of it.
  package init(_ tensor: String, _ type: String, weights: Int, largest: Float) {
    self.tensor = tensor
    self.type = type
    self.weights = weights
    self.largest = largest
  }
}

/// A tensor of which nothing is left: its weights are too small for its new type.
public struct EmptiedTensor: Sendable, Codable, Hashable {
  /// Its name.
  public let tensor: String
  /// The name of the type.
  public let type: String

  /// Takes what is known of it.
  package init(_ tensor: String, _ type: String) {
    self.tensor = tensor
    self.type = type
  }
}

extension PlanReport {
  /// The tensors of the plan that lost weights, in its order.
  public func losses(of plan: ModelPlan) -> [TensorLoss] {
    zip(plan.tensors, losses).filter { $0.1.count > 0 }.map { tensor, loss in
      TensorLoss(
        tensor.description.name, tensor.description.type.name, weights: loss.count,
        largest: loss.largest)
    }
  }

  /// The tensors of the plan of which zeros alone are left, in its order.
  public func emptiedTensors(of plan: ModelPlan) -> [EmptiedTensor] {
    emptiedTensors.map { index in
      let tensor = plan.tensors[index].description
      return EmptiedTensor(tensor.name, tensor.type.name)
    }
  }
}
