// SPDX-License-Identifier: MIT
internal import GGUF
internal import QuantModels
internal import QuantPlanning

/// An allocation as a recipe that people can read and edit.
struct AllocationRecipe {
  private let sensitivity: Sensitivity
  private let allocation: Allocation
  private let layout: ExpertLayout

  init(_ sensitivity: Sensitivity, _ allocation: Allocation, layout: ExpertLayout) {
    self.sensitivity = sensitivity
    self.allocation = allocation
    self.layout = layout
  }

  /// Parts that one line gives a type.
  private struct Line {
    let pattern: String
    let choice: String
    var bytes = 0
    var damage = 0.0
    var text: String {
      "\(pattern) = \(choice)  # \(bytes) bytes, \(AllocationRecipe.short(damage)) nats"
    }
  }

  /// Three digits, as in 1.23e-05: enough for a comment.
  static func short(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return value == 0 ? "0" : "unknown" }
    var (mantissa, exponent) = (value, 0)
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    while mantissa >= 10 { (mantissa, exponent) = (mantissa / 10, exponent + 1) }
    var digits = Int((mantissa * 100).rounded())
    if digits == 1000 { (digits, exponent) = (100, exponent + 1) }
    return "\(digits / 100).\(digits / 10 % 10)\(digits % 10)e\(exponent)"
  }

  /// What decides about tensors that were not measured: the preset whose main type most weights have.
  var preset: FileType {
    var weights: [TensorType: Int] = [:]
    for (group, choice) in zip(allocation.groups, allocation.choices) {
      weights[choice.type, default: 0] += group.weights
    }
    let common = weights.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key
    return FileType.all.first { $0.defaultType == common } ?? .Q4_K_M
  }

  /// Writes the recipe.
  ///
  /// - Parameter comments: Lines to stand at its head.
  /// - Returns: Its text.
  func text(comments: [String]) -> String {
    // A name with a line break must not become a line of its own.
    let head = comments.map { comment in
      "# " + String(comment.map { $0.isNewline ? " " : $0 })
    }
    let settings = ["preset = \(preset.name)", "layout = \(layout.rawValue)"]
    // Experts first: they are many, and their patterns are quickly compared.
    let lines = expertLines + otherLines
    return (head + settings + lines.map(\.text)).joined(separator: "\n") + "\n"
  }

  private struct Key: Hashable {
    let layer: Int
    let projection: String
    let choice: String
  }

  private func choice(_ group: Int) -> String {
    let choice = allocation.choices[group]
    return choice.isKept ? "keep" : choice.type.name
  }

  private var expertLines: [Line] {
    layout == .perExpert ? singleLines : mergedLines
  }

  /// A line for all experts of a layer and projection that have the same type.
  private var singleLines: [Line] {
    collect { units, name in
      let experts = NumberList.text(of: units.compactMap(\.expert))
      return "blk.\(name.layer).experts[\(experts)].ffn_\(name.projection)"
    } key: { name, choice in
      Key(layer: name.layer, projection: name.projection, choice: choice)
    }
  }

  /// A line for all layers whose experts of a projection have the same type.
  private var mergedLines: [Line] {
    collect { units, name in
      let layers = NumberList.text(of: Array(Set(units.compactMap(\.layer))))
      return "blk.\(layers).experts[*].ffn_\(name.projection)"
    } key: { name, choice in
      Key(layer: -1, projection: name.projection, choice: choice)
    }
  }

  private func collect(
    _ pattern: ([Sensitivity.Unit], ExpertTensorName) -> String,
    key: (ExpertTensorName, String) -> Key
  ) -> [Line] {
    var order: [Key] = []
    var members: [Key: (units: [Sensitivity.Unit], groups: Set<Int>, name: ExpertTensorName)] = [:]
    for (index, group) in allocation.groups.enumerated() {
      for unit in group.units.map({ sensitivity.units[$0] }) {
        guard unit.expert != nil, let name = ExpertTensorName(unit.tensor) else { continue }
        let key = key(name, choice(index))
        if members[key] == nil { order.append(key) }
        members[key, default: ([], [], name)].units.append(unit)
        members[key]?.groups.insert(index)
      }
    }
    return order.compactMap { key in
      guard let found = members[key] else { return nil }
      return line(pattern(found.units, found.name), key.choice, found.groups)
    }
  }

  private func line(_ pattern: String, _ choice: String, _ groups: Set<Int>) -> Line {
    var line = Line(pattern: pattern, choice: choice)
    for group in groups.sorted() {
      line.bytes += allocation.choices[group].bytes
      line.damage += allocation.choices[group].damage
    }
    return line
  }

  /// A line for all layers whose tensors of a role have the same type.
  private var otherLines: [Line] {
    var order: [Key] = []
    var members: [Key: (layers: [Int], groups: Set<Int>)] = [:]
    for (index, group) in allocation.groups.enumerated() {
      let unit = sensitivity.units[group.units[0]]
      guard unit.expert == nil else { continue }
      let rest = unit.layer.map { unit.tensor.dropFirst("blk.\($0).".count) } ?? unit.tensor[...]
      let key = Key(
        layer: unit.layer == nil ? -1 : 0, projection: String(rest), choice: choice(index))
      if members[key] == nil { order.append(key) }
      members[key, default: ([], [])].groups.insert(index)
      if let layer = unit.layer { members[key]?.layers.append(layer) }
    }
    return order.compactMap { key in
      guard let found = members[key] else { return nil }
      return line(Self.pattern(key.projection, found.layers), key.choice, found.groups)
    }
  }

  private static func pattern(_ name: String, _ layers: [Int]) -> String {
    let special: Set<Character> = [
      ".", "*", "+", "?", "(", ")", "[", "]", "{", "}", "|", "^", "$", "\\",
    ]
    let name = name.reduce(into: "") { $0 += special.contains($1) ? "\\\($1)" : "\($1)" }
    guard !layers.isEmpty else { return "^\(name)$" }
    let numbers = layers.sorted().map(String.init)
    let alternatives = numbers.count == 1 ? numbers[0] : "(\(numbers.joined(separator: "|")))"
    return "^blk\\.\(alternatives)\\.\(name)$"
  }
}
