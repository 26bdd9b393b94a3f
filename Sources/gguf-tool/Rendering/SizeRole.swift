// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// All tensors of one kind, of all layers.
struct SizeRole: Encodable {
  let name: String
  private(set) var types: [String] = []
  private(set) var tensors = 0
  private(set) var weights = 0
  private(set) var bytes = 0

  private enum CodingKeys: String, CodingKey {
    case name = "role"
    case types, tensors, weights
    case bytes = "size_bytes"
  }

  /// The kinds of a model, the largest first.
  static func all(_ model: MemoryModel) -> [SizeRole] {
    var roles: [String: SizeRole] = [:]
    for tensor in model.tensors {
      let name = kind(of: tensor)
      roles[name, default: SizeRole(name: name)].add(tensor)
    }
    return roles.values.sorted { ($1.bytes, $0.name) < ($0.bytes, $1.name) }
  }

  private mutating func add(_ tensor: MemoryModel.Tensor) {
    if !types.contains(tensor.type.name) { types.append(tensor.type.name) }
    tensors += 1
    weights = Self.clamped(weights, tensor.weightCount)
    bytes = Self.clamped(bytes, tensor.byteCount)
  }

  private static func clamped(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }

  private static func kind(of tensor: MemoryModel.Tensor) -> String {
    if tensor.isOfExperts { return "experts" }
    if tensor.name.hasPrefix("token_embd") { return "embedding" }
    if tensor.name.hasPrefix("output.") { return "output" }
    if tensor.description.dimensions.count < 2 { return "norms and small" }
    if tensor.name.contains("shexp") { return "shared experts" }
    if tensor.name.contains(".attn_") { return "attention" }
    if tensor.name.contains(".ffn_gate_inp") { return "routers" }
    if tensor.name.contains(".ffn_") { return "feed-forward" }
    return tensor.name.contains(".ssm_") ? "state space" : "other"
  }
}
