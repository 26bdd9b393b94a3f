// SPDX-License-Identifier: MIT
public import GGUF

/// The tensors of a plan that do the same work and have the same type, taken together.
public struct RoleSummary: Sendable {
  /// The name without layer and expert: `ffn_down_exps`; `norms and small` for what stays whole.
  public let role: String
  /// The type they are stored in.
  public let type: TensorType
  /// How many tensors there are.
  public private(set) var tensorCount = 0
  /// Their weights.
  public private(set) var weightCount = 0
  /// Their bytes in the output.
  public private(set) var byteCount = 0
  /// What quantizing did to them, where they were quantized in this run.
  public private(set) var error = SquaredError()

  /// Bits for each weight.
  public var bitsPerWeight: Double {
    weightCount > 0 ? Double(byteCount) * 8 / Double(weightCount) : 0
  }

  init(role: String, type: TensorType) {
    self.role = role
    self.type = type
  }

  mutating func add(_ tensor: ModelPlan.Tensor, _ error: SquaredError) {
    tensorCount += 1
    weightCount += tensor.weightCount
    byteCount += tensor.byteCount
    self.error.add(error)
  }
}

extension ModelPlan {
  /// The plan by role and type, in the order in which roles first appear.
  ///
  /// - Parameter errors: The error of each tensor, from `PlanReport`; empty before the run.
  /// - Returns: A summary for each role and type.
  public func roles(errors: [SquaredError] = []) -> [RoleSummary] {
    var summaries: [RoleSummary] = []
    var places: [String: Int] = [:]
    for (index, tensor) in tensors.enumerated() {
      let (role, type) = (Self.role(of: tensor.description), tensor.description.type)
      let key = "\(role) \(type.rawValue)"
      let place = places[key] ?? summaries.count
      if place == summaries.count {
        places[key] = place
        summaries.append(RoleSummary(role: role, type: type))
      }
      summaries[place].add(tensor, index < errors.count ? errors[index] : SquaredError())
    }
    return summaries
  }

  /// A tensor's name without the parts that differ from layer to layer.
  package static func role(of tensor: TensorDescription) -> String {
    if tensor.dimensions.count < 2 { return "norms and small" }
    return role(ofTensor: tensor.name)
  }

  /// A name without the parts that differ from layer to layer.
  package static func role(ofTensor name: String) -> String {
    let parts = name.split(separator: ".").filter { part in
      part != "blk" && part != "weight" && Int(part) == nil
    }
    return parts.joined(separator: ".")
  }
}
