// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import Quant
import TestSupport
import Testing

@Suite("Sensitivity") struct SensitivityTests {
  private let testing: EvaluationTesting
  private let model = TinyLlama()

  init() throws { testing = try EvaluationTesting() }

  /// Measures a model, written anew unless there is one already.
  private func measure(
    _ file: ModelFile, opened: GGUFFile? = nil, types: [TensorType] = [.Q4_0], threads: Int = 2,
    memory: Int = 1 << 28,
    windows: Int = 4, state: String = "state", progress: @escaping () -> Void = {}
  ) throws -> Sensitivity {
    let evaluator = try Evaluator(
      model: opened ?? testing.open(file), contextLength: 16,
      options: EvaluationOptions(threads: threads, mode: .f32, memoryBytes: memory))
    let windows = try EvaluationTesting.windows(windows, of: model)
    let path = testing.folder.path(state)
    defer { Disk.remove(path) }
    return try SensitivityMeasurement(
      evaluator, windows, of: ["random tokens"], types: types, importance: nil, probeWindows: 4
    ).run(keepingStateIn: path) { _ in progress() }.sensitivity
  }

  /// The divergence of a file written by a recipe, measured as perplexity does it.
  private func divergence(_ recipe: String) async throws -> Double {
    try await testing.divergence(
      recipe, of: model.file(), EvaluationTesting.windows(4, of: model))
  }

  private func unit(
    _ found: Sensitivity, _ tensor: String, _ expert: Int? = nil
  ) throws -> Sensitivity.Unit {
    try #require(found.units.first { $0.tensor == tensor && $0.expert == expert })
  }

  @Test(arguments: [
    ("token_embd.weight", nil, "^token_embd"), ("blk.0.attn_q.weight", nil, "blk.0.attn_q"),
    ("blk.1.attn_v.weight", nil, "blk.1.attn_v"),
    ("blk.0.attn_output.weight", nil, "blk.0.attn_output"),
    ("blk.0.ffn_gate_exps.weight", 2, "layout = per-expert\nblk.0.experts[2].ffn_gate"),
    ("blk.1.ffn_up_exps.weight", 0, "layout = per-expert\nblk.1.experts[0].ffn_up"),
  ])
  func `a probe tells what the written file shows`(
    tensor: String, expert: Int?, pattern: String
  ) async throws {
    let unit = try unit(measure(model.file()), tensor, expert)
    let probe = try #require(unit.probe)
    let written = try await divergence("\(pattern) = Q4_0")
    #expect(written > 1e-6)
    #expect(abs(probe.divergence - written) < 1e-4 * written + 1e-8, "\(probe) \(written)")
  }

  @Test func `the output matrix is measured itself`() async throws {
    let unit = try unit(measure(model.file()), "output.weight")
    let found = try #require(unit.divergences[0])
    let written = try await divergence("^output.weight = Q4_0")
    #expect(unit.probe == nil && abs(found - written) < 1e-4 * written + 1e-8)
  }

  @Test func `coarser types harm more and take less`() throws {
    let found = try measure(model.file(), types: [.Q4_0, .Q5_0, .Q8_0])
    for unit in found.units where !unit.tensor.contains("down") {
      let bytes = unit.bytes.compactMap { $0 }
      let harm = unit.divergences.compactMap { $0 }
      #expect(bytes.count == 3 && bytes == bytes.sorted(), "\(unit.tensor)")
      #expect(harm.count == 3 && harm == harm.sorted(by: >), "\(unit.tensor) \(harm)")
    }
    // Rows of 24 weights hold no blocks of 32.
    let down = found.units.filter { $0.tensor.contains("down") }
    #expect(down.count == 8 && down.allSatisfy { $0.bytes.allSatisfy { $0 == nil } })
  }

  @Test func `results depend neither on threads nor on the layout of experts`() throws {
    let one = try measure(model.file(), threads: 1)
    let three = try measure(model.file(), threads: 3)
    let apart = try measure(model.file(separatesExperts: true))
    for (index, unit) in one.units.enumerated() {
      #expect(unit.divergences == three.units[index].divergences)
      #expect(unit.divergences == apart.units[index].divergences, "\(unit.tensor)")
      #expect(unit.expert == apart.units[index].expert)
    }
  }

  @Test func `little memory makes experts of a layer share a probe`() throws {
    let found = try measure(model.file(), memory: 1 << 19, windows: 4)
    let experts = found.units.filter { $0.expert != nil && $0.bytes[0] != nil }
    #expect(experts.allSatisfy { $0.probe?.isShared == true })
    #expect(Set(experts.compactMap { $0.probe?.divergence }).count == 4)
    let alone = try measure(model.file())
    #expect(alone.units.allSatisfy { $0.probe?.isShared != true })
    #expect(throws: QuantError.self) { try measure(model.file(), memory: 1 << 12) }
  }

  @Test func `a run that was cut off goes on to the same end`() throws {
    let file = try testing.open(model.file())
    let whole = try measure(model.file(), opened: file, state: "whole")
    let state = testing.folder.path("copy")
    var kept = 0
    _ = try measure(model.file(), opened: file, state: "first") {
      let first = testing.folder.path("first")
      guard kept == 0, FileManager.default.fileExists(atPath: first) else { return }
      try? FileManager.default.copyItem(atPath: first, toPath: state)
      kept += 1
    }
    try #require(kept == 1)
    let resumed = try measure(model.file(), opened: file, state: "copy")
    #expect(try resumed.bytes() == whole.bytes())
  }

  /// How far a measurement is, as it tells.
  private func reports(
    memory: Int = 1 << 28, state: String = "state", in file: GGUFFile,
    _ body: @escaping (EvaluationProgress) -> Void = { _ in }
  ) throws -> [EvaluationProgress] {
    let evaluator = try Evaluator(
      model: file, contextLength: 16,
      options: EvaluationOptions(threads: 2, mode: .f32, memoryBytes: memory))
    let job = try SensitivityMeasurement(
      evaluator, EvaluationTesting.windows(4, of: model), of: [], types: [.Q4_0, .IQ4_NL],
      importance: nil, probeWindows: 4)
    var reports: [EvaluationProgress] = []
    let path = testing.folder.path(state)
    defer { Disk.remove(path) }
    _ = try job.run(keepingStateIn: path) {
      reports.append($0)
      body($0)
    }
    return reports
  }

  /// Memory for a probe of each unit, and for one that the experts of a layer share.
  @Test(arguments: [1 << 28, 1 << 19], [true, false])
  func `the work of all phases adds up to the total`(memory: Int, tied: Bool) throws {
    var tiny = model.file()
    if tied {
      let output = try #require(tiny.tensors.firstIndex { $0.name == "output.weight" })
      tiny.tensors.remove(at: output)
      tiny.contents.remove(at: output)
    }
    let file = try testing.open(tiny)
    let reports = try reports(memory: memory, in: file)
    let done = reports.map(\.done)
    #expect(done == done.sorted() && done.first ?? 0 > 0)
    #expect(reports.last?.done == reports.last?.total && Set(reports.map(\.total)).count == 1)
    #expect(reports.allSatisfy { $0.earlier == 0 })
  }

  @Test func `the state has probes in fewer bytes than floats take`() throws {
    let file = try testing.open(model.file())
    let path = testing.folder.path("state")
    var sizes: Set<Int> = []
    _ = try reports(in: file) { _ in
      guard let state = try? GGUFFile.open(path), let probes = try? state.tensor("probes") else {
        return
      }
      sizes.insert(probes.byteCount ?? 0)
    }
    // The embedding, and in each of two layers four matrices of attention and two of each expert.
    let floats = (1 + 2 * (4 + 2 * 4)) * 4 * 16 * model.width * 4
    #expect(sizes.count == 2 && sizes.allSatisfy { $0 > 0 && $0 < floats * 9 / 10 }, "\(sizes)")
  }

  @Test func `what an earlier run measured is told apart`() throws {
    let file = try testing.open(model.file())
    let copy = testing.folder.path("copy")
    var kept = 0
    let whole = try reports(state: "first", in: file) { report in
      let first = testing.folder.path("first")
      guard kept == 0, Disk.exists(first) else { return }
      try? FileManager.default.copyItem(atPath: first, toPath: copy)
      kept = report.done
    }
    let rest = try reports(state: "copy", in: file)
    let earlier = try #require(rest.first?.earlier)
    #expect(earlier > 0 && earlier < kept && rest.allSatisfy { $0.earlier == earlier })
    #expect(rest.last?.done == whole.last?.total)
  }

  @Test func `the state of another measurement is refused`() throws {
    let state = testing.folder.path("state")
    let file = try testing.open(model.file())
    var kept = false
    _ = try measure(model.file(), opened: file, state: "first") {
      guard !kept else { return }
      try? FileManager.default.copyItem(atPath: testing.folder.path("first"), toPath: state)
      kept = FileManager.default.fileExists(atPath: state)
    }
    try #require(kept)
    #expect(throws: QuantError.self) { try measure(model.file(), opened: file, types: [.Q5_0]) }
  }

  @Test func `experts that no token reaches borrow from their layer`() throws {
    var tiny = model
    // A router that gives expert 3 the least always: its row is far below the others'.
    for layer in 0..<2 {
      let name = "blk.\(layer).ffn_gate_inp.weight"
      tiny.weights["blk.\(layer).ffn_norm.weight"] = Array(repeating: 0, count: 32)
      tiny.weights[name]?.replaceSubrange(96..<128, with: Array(repeating: 0, count: 32))
    }
    let found = try measure(tiny.file(), types: [.Q4_0, .Q8_0])
    let idle = found.units.filter { $0.expert != nil && $0.tokens == 0 && $0.bytes[0] != nil }
    #expect(!idle.isEmpty)
    for unit in idle {
      let harm = unit.divergences.compactMap { $0 }
      #expect(harm.count == 2 && harm[0] >= harm[1] && harm[1] >= 0)
    }
  }
}

@Suite("Sensitivity files") struct SensitivityFileTests {
  private let testing: EvaluationTesting
  private let model = TinyLlama()

  init() throws { testing = try EvaluationTesting() }

  private func prior() throws -> Sensitivity {
    try Sensitivity.prior(
      of: testing.open(model.file()), types: [.Q4_0, .Q8_0], importance: nil)
  }

  @Test func `what is written is read`() throws {
    let prior = try prior()
    let path = testing.folder.path("a.json")
    try prior.write(to: path)
    #expect(try Sensitivity.read(path).bytes() == prior.bytes())
  }

  @Test(arguments: [
    ("\"gguf-tool sensitivity\"", "\"something\""), ("\"Q4_0\"", "\"Q4_9\""), ("{", "["),
    ("\"divergences\":[", "\"divergences\":[1,"), ("\"bytes\":[", "\"bytes\":[-1e999,"),
    ("\"weights\":", "\"weights\":-"),
  ])
  func `what is not such a file is refused`(old: String, new: String) throws {
    let text = String(decoding: try prior().bytes(), as: UTF8.self)
    try #require(text.contains(old))
    let path = try testing.folder.write(Array(text.replacing(old, with: new).utf8), "bad.json")
    #expect(throws: QuantError.self) { try Sensitivity.read(path) }
  }

  @Test func `another model of the same shape is told apart`() throws {
    let first = try ModelIdentity.content(of: testing.open(model.file(), "a.gguf"))
    let same = try ModelIdentity.content(of: testing.open(model.file(), "b.gguf"))
    let other = try ModelIdentity.content(
      of: testing.open(TinyLlama(seed: 2).file(), "c.gguf"))
    #expect(first == same && first != other && first.count == 16)
  }
}
