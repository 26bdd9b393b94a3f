// SPDX-License-Identifier: MIT
import GGUF
internal import QuantModels

/// The types that a recipe gives the experts of one tensor, which can have only one.
struct ExpertAgreement {
  private let tensor: String
  private let choices: [TypeChoice]

  /// Takes the choice for each expert, at least one.
  init(_ tensor: String, _ choices: [TypeChoice]) {
    self.tensor = tensor
    self.choices = choices
  }

  /// The choice for the whole tensor.
  ///
  /// Throws `QuantError.setting` naming experts and types if they differ, unless the best of them
  /// is taken.
  func choice(promoting: Bool) throws(QuantError) -> TypeChoice {
    var best = choices[0]
    guard choices.contains(where: { $0.type != best.type }) else { return best }
    guard promoting else {
      throw .setting(
        .layout,
        what: "tensor \"\(tensor)\": its experts should have different types "
          + "(\(Self.list(of: choices.map(\.type)))), but a tensor has one")
    }
    for other in choices where Self.bits(other) > Self.bits(best) { best = other }
    best.isPromoted = true
    return best
  }

  private static func bits(_ choice: TypeChoice) -> Double {
    choice.type.layout?.bitsPerWeight ?? 0
  }

  /// The experts of each type, in the order of their first.
  static func list(of all: [TensorType]) -> String {
    var types: [TensorType] = []
    var experts: [TensorType: [Int]] = [:]
    for (expert, type) in all.enumerated() {
      if experts[type] == nil { types.append(type) }
      experts[type, default: []].append(expert)
    }
    return types.map { type in
      let numbers = experts[type] ?? []
      return "expert\(numbers.count == 1 ? "" : "s") \(NumberList.text(of: numbers)): \(type)"
    }.joined(separator: "; ")
  }
}
