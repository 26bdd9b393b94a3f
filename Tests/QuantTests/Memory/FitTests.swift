// SPDX-License-Identifier: MIT
import Foundation
import GGUF
@testable import Quant
import TestSupport
import Testing

@Suite struct FitTests {
  @Test func `fit`() throws {
    var models: [String: MemoryModel] = [:]
    var same = 0
    var rows = 0
    for line in try MemoryFixtures.lines("fit.tsv") {
      let fields = line.split(separator: "\t").map(String.init)
      let name = fields[1]
      let model = try models[name] ?? MemoryFixtures.model(name)
      models[name] = model
      let words = fields[3].split(separator: " ").map(String.init)
      let options = ContextOptions(context: Int(words[1]) ?? 0)
      let targets = fields[0].split(separator: ",").map { ((Int($0) ?? 0) - 1024) << 20 }
      let search = FitSearch(model: model, options: options, targets: targets)
      let found = search.placement()
      var text = "-c \(options.context) -ngl \(found.gpuLayers ?? -1)"
      if found.gpuLayers != nil && targets.count > 1 { text += " -ts " + found.split.map { String(Int($0)) }.joined(separator: ",") }
      if !found.overrides.isEmpty {
        text += " -ot \"" + found.overrides.map { "\($0.pattern)=\($0.device == .host ? "CPU" : "FAKE1")" }.joined(separator: ",") + "\""
      }
      rows += 1
      if text == fields[3].trimmingCharacters(in: .whitespaces) { same += 1 } else { print(fields[0], name, "\n  ", fields[3].prefix(150), "\n  ", text.prefix(150)) }
    }
    print("fit", same, "of", rows)
  }
}
