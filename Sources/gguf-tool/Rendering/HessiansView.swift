// SPDX-License-Identifier: MIT
import GGUF
import Quant

/// What second moments were gathered, and for which matrices the text is short.
struct HessiansView {
  let model: String?
  let file: MomentsFile

  private struct JSON: Encodable {
    struct Input: Encodable {
      let tensors: [String]
      let expert: Int?
      let columns: Int
      let tokens: Int
      let heldOutTokens: Int
      let effectiveRank: Double
    }
    let model: String?
    let output: String
    let sizeBytes: Int
    let datasets: [String]
    let part: Int?
    let parts: Int?
    let inputs: [Input]
  }

  /// One line of the table: the inputs of like tensors of all layers.
  private struct Role {
    var inputs = 0
    var columns = 0
    var fewest = Int.max
    var ranks = 0.0

    mutating func add(_ input: MomentsInput) {
      inputs += 1
      columns = max(columns, input.columns)
      fewest = min(fewest, input.tokens)
      ranks += input.effectiveRank
    }
  }

  /// Shows the result.
  func show(isJSON: Bool) throws {
    if isJSON { return try JSONOutput.write(json) }
    var report = Report()
    report.section("Second moments" + (file.part.map { ", part \($0)" } ?? ""))
    report.facts([
      ("model", model), ("written to", file.path), ("texts", file.datasets.joined(separator: ", ")),
      ("inputs", Units.grouped(file.inputs.count)), ("size", Units.bytes(file.byteCount)),
    ])
    var table = Table([
      .flexible("role"), .number("inputs"), .number("columns"), .number("fewest tokens"),
      .number("mean rank"),
    ])
    for (name, role) in roles {
      table.add(
        name, Units.grouped(role.inputs), Units.grouped(role.columns), Units.grouped(role.fewest),
        Units.grouped(Int(role.ranks / Double(role.inputs))))
    }
    report.table(table)
    try report.write()
  }

  /// Warns of matrices with fewer tokens than columns.
  func warn() {
    let few = file.inputs.filter { $0.tokensPerColumn < 1 }
    guard let worst = few.min(by: { $0.tokensPerColumn < $1.tokensPerColumn }) else { return }
    ShortText(
      tensor: worst.matrices.first?.tensor ?? "", tokens: worst.tokens, columns: worst.columns,
      effectiveRank: worst.effectiveRank
    ).warn("\(few.count) inputs have")
  }

  private var roles: [(String, Role)] {
    var names: [String] = []
    var roles: [String: Role] = [:]
    for input in file.inputs {
      let name = input.matrices.first.map { ModelPlan.role(ofTensor: $0.tensor) } ?? ""
      if roles[name] == nil { names.append(name) }
      roles[name, default: Role()].add(input)
    }
    return names.map { ($0, roles[$0] ?? Role()) }
  }

  private var json: JSON {
    let stacked = Set(file.inputs.flatMap(\.matrices).filter { $0.matrix > 0 }.map(\.tensor))
    return JSON(
      model: model, output: file.path, sizeBytes: file.byteCount, datasets: file.datasets,
      part: file.part?.number, parts: file.part?.count,
      inputs: file.inputs.map { input in
        JSON.Input(
          tensors: input.matrices.map(\.tensor),
          expert: input.matrices.first { stacked.contains($0.tensor) }?.matrix,
          columns: input.columns, tokens: input.tokens, heldOutTokens: input.heldOutRows,
          effectiveRank: input.effectiveRank)
      })
  }
}
