// SPDX-License-Identifier: MIT
import Foundation
import GGUF
import TestSupport
import Testing

@Suite("gguf-tool size-estimate") struct SizeEstimateTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func run(_ arguments: String...) throws -> Tool.Outcome {
    try Tool.run(["size-estimate"] + arguments, in: folder.url)
  }

  private func json(_ outcome: Tool.Outcome) throws -> [String: Any] {
    #expect(outcome.status == 0, "\(outcome.errors)")
    return try #require(
      JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
  }

  /// A header of a real shape, its vocabulary left out.
  private func header(_ name: String) throws -> String {
    let frame = try Data(contentsOf: Paths.testVectors.appending(path: "memory/\(name).gguf.zst"))
    return try folder.write(Zstd.decompress(frame), "\(name).gguf")
  }

  @Test(arguments: ["Q4_K_M", "IQ4_XS", "Q8_0", "MXFP4_MOE"])
  func `sizes are those of a dry run, to the byte`(preset: String) throws {
    let model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
    try Data("attn_v = Q8_0\n".utf8).write(to: folder.file("recipe.txt"))
    for more in [[], ["--recipe", folder.path("recipe.txt")]] {
      let words = ["--type", preset, "--json"] + more
      let dry = try json(
        Tool.run(["requantize", model, folder.path("o.gguf"), "--dry-run"] + words))
      let size = try json(Tool.run(["size-estimate", model] + words))
      #expect(size["size_bytes"] as? Int == dry["total_bytes"] as? Int)
    }
  }

  @Test func `a recipe file may name its preset`() throws {
    let model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
    try Data("preset = Q4_K_M  # why\nattn_v = Q8_0\n".utf8).write(to: folder.file("plan.txt"))
    let planned = try json(
      Tool.run(["size-estimate", model, "--plan", folder.path("plan.txt"), "--json"]))
    try Data("attn_v = Q8_0\n".utf8).write(to: folder.file("rules.txt"))
    let rules = ["--recipe", folder.path("rules.txt"), "--json"]
    let typed = try json(Tool.run(["size-estimate", model, "--type", "Q4_K_M"] + rules))
    #expect(planned["size_bytes"] as? Int == typed["size_bytes"] as? Int)
    #expect(try Tool.run(["size-estimate", model] + rules).status == 64)
  }

  @Test func `the first line says whether it fits, and the flags are there`() throws {
    let model = try header("mixtral-8x7b-Q4_K_M")
    let outcome = try run(
      model, "--vram", "16GiB", "--ram", "64GiB", "--bandwidth", "cpu=51,gpu=288")
    #expect(outcome.status == 0)
    #expect(outcome.output.hasPrefix("Fits with flags"))
    for word in [
      "-ngl 33", "-ot", "'blk", "=CPU", "GPU0", "█", "Tokens per second", "based on cpu: 51",
    ] {
      #expect(outcome.output.contains(word), "\(word)")
    }
    let wide = outcome.output.split(separator: "\n").filter { $0.count > 80 }
    #expect(wide.allSatisfy { $0.contains(" -ot 'blk") || $0.contains(folder.url.path) })
    #expect(try run(model, "--vram", "40GiB").output.hasPrefix("Fits, with a context"))
    let small = try run(model, "--vram", "16GiB", "--ram", "8GiB").output
    #expect(small.hasPrefix("Does not fit: CPU lacks"))
  }

  @Test func `the flags, given back, say the same`() throws {
    let model = try header("qwen3-30b-a3b-Q4_K_M")
    let found = try json(run(model, "--vram", "8GiB", "--json"))
    let flags = try #require(found["flags"] as? String)
    let pattern = try #require(flags.split(separator: "'").dropFirst().first)
    var words = ["size-estimate", model, "--vram", "8GiB", "--json", "-c", "8192", "--ngl", "49"]
    for rule in pattern.split(separator: ",") { words += ["--override-tensor", String(rule)] }
    let again = try json(Tool.run(words))
    #expect(devices(found) == devices(again))
  }

  private func devices(_ json: [String: Any]) -> [Int]? {
    (json["devices"] as? [[String: Any]])?.compactMap { $0["total_bytes"] as? Int }
  }

  /// The words of a line as a shell splits it.
  private func words(_ line: String) -> [String] {
    line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap {
      $0.isMultiple(of: 2) ? $1.split(separator: " ").map(String.init) : [String($1)]
    }
  }

  @Test(arguments: [
    ["--vram", "8GiB"], ["--vram", "10GiB,6GiB", "-ctk", "q8_0", "-ctv", "q8_0"],
    ["--vram", "12GiB", "-ub", "1024", "-b", "4096", "-np", "3"],
    ["--vram", "24GiB", "-np", "2", "-kvu", "-fa", "off", "--no-kv-offload"],
    ["--vram", "9GiB", "--runtime", "llama.cpp-server"],
    ["--vram", "9GiB", "--runtime", "llama.cpp-server", "-np", "1"],
  ])
  func `the whole line of flags, given back, says the same`(options: [String]) throws {
    let model = try header("qwen3-30b-a3b-Q4_K_M")
    let found = try json(Tool.run(["size-estimate", model, "--json"] + options))
    let line = try #require(found["flags"] as? String)
    let index = options.firstIndex(of: "--runtime")
    let same = Array(options[..<2]) + (index.map { Array(options[$0..<$0 + 2]) } ?? [])
    let again = try json(Tool.run(["size-estimate", "-m", model, "--json"] + same + words(line)))
    #expect(devices(found) == devices(again), "\(line)")
    #expect(found["verdict"] as? String == again["verdict"] as? String)
    #expect(again["flags"] as? String == line)
  }

  @Test(arguments: [
    (["-ngl", "all"], ["-ngl", "49"]), (["-ngl", "auto"], []), (["--cpu-moe"], ["-ncmoe", "48"]),
    (["-ot", "ffn_up=CPU,ffn_down=CPU"], ["-ot", "ffn_up=CPU", "-ot", "ffn_down=CPU"]),
    (["-c", "0"], ["-c", "40960"]), (["-c", "8k"], ["--ctx-size", "8192"]),
    (["-fa", "auto"], ["-fa", "on"]), (["-ts", "1"], ["--tensor-split", "1"]),
  ])
  func `words that mean the same give the same`(words: [String], same: [String]) throws {
    let model = try header("qwen3-30b-a3b-Q4_K_M")
    let rest = ["--vram", "16GiB", "--ram", "64GiB", "--json"]
    let first = try json(Tool.run(["size-estimate", model] + words + rest))
    let second = try json(Tool.run(["size-estimate", model] + same + rest))
    #expect(devices(first) == devices(second))
    #expect(first["flags"] as? String == second["flags"] as? String)
  }

  @Test(arguments: [
    (["-ot", "ffn_upp=CPU"], "--override-tensor: ffn_upp matches no tensor"),
    (["-ncmoe", "3"], "--n-cpu-moe: the model has no experts"),
  ])
  func `what matches nothing is warned of`(words: [String], warning: String) throws {
    let model = try header("tanuki-8b-Q6_K")
    let outcome = try Tool.run(["size-estimate", model, "--vram", "16GiB"] + words)
    #expect(outcome.status == 0)
    #expect(outcome.errors == "warning: \(warning)\n")
  }

  @Test func `Ollama's choice is told`() throws {
    let model = try header("llama33-70b-Q4_K_M")
    let outcome = try run(model, "--vram", "15.7GiB", "--runtime", "ollama-0.5.11")
    #expect(outcome.output.contains("27/81"))
  }

  @Test func `all presets are listed`() throws {
    let model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
    let found = try json(run(model, "--all-presets", "--vram", "2GiB", "--json"))
    let presets = try #require(found["presets"] as? [[String: Any]])
    #expect(presets.count > 30)
    #expect(presets.allSatisfy { $0["fits_whole"] as? Bool == true })
    #expect(found["largest_preset"] as? String == "F32")
  }

  @Test func `a configuration and a shape need no file`() throws {
    try Data(#"{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "#.utf8).write(
      to: folder.file("broken.json"))
    let broken = try run("--config", folder.path("broken.json"))
    #expect(broken.status == 1 && broken.errors.contains("broken.json: expected a JSON object"))
    try Data(#"{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2}"#.utf8).write(
      to: folder.file("config.json"))
    let short = try run("--config", folder.path("config.json"))
    #expect(short.status == 1 && short.errors.contains("expected the key \"num_attention_heads\""))
    let shape = "layers=6,embedding=512,heads=8,feed-forward=2048,vocabulary=50257,gate=no"
    let found = try json(run("--shape", shape, "--json"))
    #expect((70_000_000..<71_000_000).contains(try #require(found["weights"] as? Int)))
  }

  /// The number of weights is the language model's; what is not counted is told.
  @Test func `a configuration tells what its weights count`() throws {
    let text = """
      {"model_type": "qwen3_5", "vision_config": {"depth": 2}, "text_config": {
       "model_type": "qwen3_5_text", "hidden_size": 64, "intermediate_size": 96, "head_dim": 16,
       "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2,
       "linear_key_head_dim": 8, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
       "linear_value_head_dim": 8, "vocab_size": 100, "full_attention_interval": 2,
       "mtp_num_hidden_layers": 1, "tie_word_embeddings": true}}
      """
    try Data(text.utf8).write(to: folder.file("config.json"))
    let shown = try run("--config", "config.json")
    #expect(shown.status == 0, "\(shown.errors)")
    #expect(shown.errors.contains("config.json: only the language model is counted"))
    #expect(shown.output.contains("of embeddings, without"))
    let found = try json(run("--config", "config.json", "--json"))
    let ahead = try #require(found["weights_ahead"] as? Int)
    // Two norms of heads and two of the layer, attention with gates, a network, and what joins both inputs.
    #expect(ahead == 32 + 128 + 64 * (128 + 32 + 32 + 64) + 3 * 64 * 96 + 128 * 64 + 3 * 64)
    #expect(found["embedding_weights"] as? Int == 6400)
    let odd = text.replacing("\"vocab_size\"", with: "\"memory_slots\": 8, \"vocab_size\"")
    try Data(odd.utf8).write(to: folder.file("config.json"))
    let refused = try run("--config", "config.json")
    #expect(refused.status == 1)
    #expect(refused.errors.contains("the key \"text_config.memory_slots\" is not understood"))
  }

  @Test(arguments: [
    (["--ctx", "-1"], "expected a number of tokens such as 8192 or 128k"),
    (["--vram", "24"], "--vram: expected a size with its unit, such as 24GiB"),
    (["--vram", "24GiB,24"], "--vram: expected a size with its unit for each GPU"),
    (["--vram", "1,5GiB"], "and a point in 1.5GiB, found \"1,5GiB\""),
    (["--ram", "64"], "--ram: expected a size with its unit"),
    (["--vram", "24GiB", "--margin", "1024"], "--margin: expected a size with its unit"),
    (["--vram", "24GiB", "--margin", "-1GiB"], "--margin: expected a size such as 16GiB"),
    (["--vram", "24GiB", "--vram", "24GiB"], "--vram is given twice"),
    (["-c", "4096", "--ctx-size", "8192"], "--ctx is given twice"),
    (["-ngl", "some", "--vram", "24GiB"], "all or auto, found \"some\""),
    (["--cache-type-k", "q80"], "found \"q80\" (did you mean Q8_0?)"),
    (["--cache-type-v", "q8_0", "--flash-attn", "off"], "needs flash attention"),
    (["--cache-type-k", "q9"], "--cache-type-k: expected one of"),
    (["--ngl", "5"], "need --vram"), (["--vram", "lots"], "expected a size such as 16GiB"),
    (["--vram", "16GiB", "--ngl=-1"], "--ngl: expected a number from 0"),
    (["--vram", "16GiB", "--override-tensor", "x"], "expected REGEX=DEVICE"),
    (["--vram", "16GiB", "--override-tensor", "(=CPU"], "is not a regular expression"),
    (["--vram", "16GiB", "--override-tensor", "x=CUDA3"], "expected CPU or CUDA0"),
    (["--bandwidth", "gpu"], "--bandwidth: expected key = value"),
    (["--machine", "none.machine"], "none.machine"),
    (["--runtime", "ollama-0.5.11", "--vram", "1GiB,1GiB"], "expected one GPU"),
    (["--type", "Q9"], "there is no preset \"Q9\""), (["--shape", "layers=1"], "only one of them"),
    (["--type", "Q4_0", "--all-presets"], "--all-presets shows every preset"),
    (["--parallel", "0"], "--parallel: expected"),
    (["--ubatch", "99999999"], "--ubatch: expected"),
  ])
  func `contradictions and slips are refused in a sentence`(
    words: [String], message: String
  ) throws {
    let model = try header("tanuki-8b-Q6_K")
    let outcome = try Tool.run(["size-estimate", model] + words)
    #expect([1, 64].contains(outcome.status))
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }

  @Test func `a context beyond the trained one is warned of`() throws {
    let outcome = try run(try header("tanuki-8b-Q6_K"), "--ctx", "5000")
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("context length of 4096"))
  }
}
