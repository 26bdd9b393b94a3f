// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

/// Weights that their new type cannot hold.
@Suite("Weights beyond the range of a type") struct WeightLossTests {
  let folder: TemporaryFolder
  private static let name = "blk.0.attn_q.weight"

  init() throws { folder = try TemporaryFolder() }

  /// A model of one matrix, ordinary but for some weights by their place.
  private func write(
    _ special: [Int: Float], rows: Int = 4, factor: Float = 1
  ) throws -> String {
    var random = SeededGenerator(seed: 7)
    var values = (0..<256 * rows).map { _ in factor * Float.random(in: -0.1...0.1, using: &random) }
    for (place, weight) in special { values[place] = weight }
    var model = ModelFile()
    model.metadata["general.architecture"] = .string("llama")
    model.metadata["llama.block_count"] = .uint32(1)
    model.add(Self.name, [256, rows], .F32, bytes: ModelFile.bytes(values, .F32))
    let path = folder.path("source.gguf")
    try model.write(to: path)
    return path
  }

  private func plan(_ source: String, _ type: String) throws -> RequantizePlan {
    var recipe = Recipe(preset: FileType(name: "F16"))
    recipe.rules = [try TypeRule(option: "attn_q=\(type)", file: "test")]
    recipe.allowsMissingImportance = true
    return try TinyModel.plan(source, recipe, to: .single(folder.path("out.gguf")))
  }

  private func run(
    _ source: String, _ type: String, isStrict: Bool = false
  ) async throws -> PlanReport {
    try await plan(source, type).executor.run(threads: 1, restarting: true, isStrict: isStrict) {
      _ in
    }
  }

  private static let floats: Set<String> = ["F32", "F64", "BF16"]

  @Test(arguments: FormatTesting.encodableNames)
  func `ordinary weights are no loss, and huge ones are`(type: String) async throws {
    let ordinary = try await run(write([:]), type)
    #expect(ordinary.losses == [WeightLoss()] && ordinary.emptiedTensors.isEmpty)
    let large = try await run(write([3: 300, 500: -300]), type)
    #expect(large.losses[0].count == 0, "\(type) holds 300")
    let report = try await run(write([3: 2e37, 300: -3e37, 301: 1e36]), type)
    // Types with wide exponents hold all of them.
    guard report.losses[0].count > 0 else {
      return #expect(Self.floats.contains(type) || ["MXFP4", "Q8_K"].contains(type))
    }
    #expect(report.losses[0].count == 3 && report.losses[0].largest == -3e37)
    #expect(report.emptiedTensors.isEmpty)
  }

  @Test(arguments: [
    ("F16", Float(65_519), 0), ("F16", 65_600, 1), ("F16", -1e6, 1), ("Q8_0", 8.31e6, 0),
    ("Q8_0", 8.5e6, 1), ("Q4_0", -5e5, 0), ("Q4_0", 6e5, 1), ("BF16", 3.3e38, 0),
  ])
  func `the range ends where the type's does`(type: String, weight: Float, count: Int) async throws
  {
    let report = try await run(write([10: weight]), type)
    #expect(report.losses[0].count == count)
  }

  @Test func `weights that are too small for scales are told`() async throws {
    let report = try await run(write([:], factor: 1e-12), "Q4_K")
    #expect(report.emptiedTensors == [0])
    try FileManager.default.removeItem(atPath: folder.path("out.gguf"))
    let error = await #expect(throws: QuantError.self) {
      try await run(write([:], factor: 1e-12), "Q4_K", isStrict: true)
    }
    #expect(error?.description.contains("nothing is left of them") == true)
    #expect(try left.isEmpty)
  }

  private var left: [String] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        .filter { $0.hasPrefix("out") }
    }
  }

  @Test func `a strict run ends at the first, and nothing is left`() async throws {
    let error = await #expect(throws: QuantError.self) {
      try await run(write([2 * 256 + 9: 2e37]), "Q5_K", isStrict: true)
    }
    let text = error?.description ?? ""
    #expect(text.hasPrefix("tensor \"\(Self.name)\": row 2, column 9: expected weights that Q5_K"))
    #expect(text.hasSuffix("found 2e+37"))
    #expect(try left.isEmpty)
    #expect(!UnfinishedFiles.kept.contains(.output(folder.path("out.gguf"))))
  }

  @Test func `what is lost is told after a run that was cut off`() async throws {
    // Rows of two slabs.
    let source = try write([7: 1e9, 8: -2e9], rows: 2048)
    let plan = try plan(source, "F16")
    await #expect(throws: QuantError.self) {
      try await plan.executor.run(threads: 1) { _ in withUnsafeCurrentTask { $0?.cancel() } }
    }
    let report = try await plan.executor.run(threads: 1) { _ in }
    #expect(report.resumedSlabs == 1 && report.slabCount == 2)
    #expect(report.losses[0].count == 2 && report.losses[0].largest == -2e9)
  }
}
