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

  /// The object of a run that came to an answer: 2 says that the model does not fit.
  private func json(_ outcome: Tool.Outcome) throws -> [String: Any] {
    #expect([0, 2].contains(outcome.status), "\(outcome.errors)")
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
      "are likely,", "Keep it: Q4_K is small already",
    ] {
      #expect(outcome.output.contains(word), "\(word)")
    }
    let wide = outcome.output.split(separator: "\n").filter { $0.count > 80 }
    #expect(wide.allSatisfy { $0.contains(" -ot 'blk") || $0.contains(folder.url.path) })
    #expect(try run(model, "--vram", "40GiB").output.hasPrefix("Fits, with a context"))
    let small = try run(model, "--vram", "16GiB", "--ram", "8GiB").output
    #expect(small.hasPrefix("Does not fit: CPU lacks"))
  }

  @Test(
    arguments: [
      (["--vram", "40GiB"], 0), (["--vram", "16GiB", "--ram", "64GiB"], 0), ([], 0),
      (["--vram", "16GiB", "--ram", "8GiB"], 2), (["--ram", "8GiB"], 2),
      (["--vram", "16GiB", "--ram", "8GiB", "--json"], 2),
      (["--vram", "16GiB", "--ngl", "all"], 2),
      (["--vram", "24"], 64), (["--machine", "rtx4900"], 64), (["--config", "x"], 64),
    ] as [([String], Int32)])
  func `the exit code says whether it fits`(words: [String], code: Int32) throws {
    let model = try header("mixtral-8x7b-Q4_K_M")
    let outcome = try Tool.run(["size-estimate", model] + words)
    #expect(outcome.status == code, "\(outcome.errors)")
    #expect(outcome.errors.isEmpty == (code != 64))
    #expect(outcome.output.isEmpty == (code == 64))
    #expect(try run("none.gguf", "--vram", "8GiB").status == 1)
  }

  /// The first three lines of an answer.
  private func head(_ words: String...) throws -> [String] {
    let lines = try Tool.run(["size-estimate"] + words).output.split(separator: "\n").prefix(3)
    #expect(lines.allSatisfy { $0.count <= 80 }, "\(lines)")
    return lines.map(String.init)
  }

  @Test func `three lines say which presets fit, how fast, and the one to take`() throws {
    let model = try header("qwen3-30b-a3b-f16")
    let plain = try head(model, "--vram", "16GiB")
    #expect(plain[0] == "Take Q3_K_M: 13.70 GiB, fits whole")
    #expect(plain[1] == "  Fit whole: Q3_K_M, IQ3_XXS, Q2_K, IQ2_XXS")
    #expect(plain[2] == "  With experts in host memory: Q5_K_M, Q4_K_M, IQ4_XS")
    let fast = try head(model, "--machine", "rtx4090+ryzen-ddr5", "--vram", "16GiB")
    #expect(
      fast[0].hasPrefix("Take Q3_K_M: 13.70 GiB, fits whole, 1") && fast[0].hasSuffix("tokens/s"))
    #expect(fast[1].contains("Q3_K_M 1") && fast[1].hasSuffix("tokens/s"))
    #expect(fast[2].contains("Q4_K_M ") && fast[2].hasSuffix("tokens/s"))
    let found = try json(run(model, "--machine", "rtx4090+ryzen-ddr5", "--json"))
    let answer = try #require(found["answer"] as? [String: Any])
    #expect(answer["take"] as? String == "Q5_K_M" && answer["keep"] as? Bool == false)
    #expect((answer["experts_outside"] as? [String])?.contains("Q8_0") == true)
    let rows = try #require(found["presets"] as? [[String: Any]])
    #expect(rows.allSatisfy { $0["tokens_per_second"] is Double && $0["placement"] is String })
    let host = try head(model, "--ram", "32GiB")
    #expect(host[1] == "  Fit: Q6_K, Q5_K_M, Q4_K_M, IQ4_XS, Q3_K_M")
  }

  @Test func `weights that are four bits already are kept`() throws {
    let model = try header("gpt-oss-20b")
    for memory in ["16GiB", "8GiB"] {
      let lines = try head(model, "--vram", memory)
      #expect(lines[0].hasPrefix("Fits"))
      #expect(
        lines[1] == "  Keep it: MXFP4 is small already; requantizing loses quality and gains little"
      )
    }
    let found = try json(run(model, "--vram", "16GiB", "--json"))
    #expect((found["answer"] as? [String: Any])?["keep"] as? Bool == true)
    let dense = try head(header("llama33-70b-Q4_K_M"), "--vram", "32GiB")
    #expect(dense[1].hasPrefix("  Or take IQ3_XXS of the original weights: "))
  }

  @Test func `a warning is said once, however many presets are tried`() throws {
    let model = try Zstd.expand("tiny-moe-f16.gguf", into: folder.url).path
    let outcome = try run(model, "--all-presets", "--vram", "2GiB", "--ctx", "100k")
    #expect(outcome.status == 0)
    #expect(outcome.errors.split(separator: "\n").count { $0.contains("--ctx") } == 1)
  }

  @Test func `what else sits in memory is counted and told`() throws {
    let model = try header("mamba-2.8b-Q4_K_M")
    var adapter = ModelFile()
    adapter.metadata["general.type"] = .string("adapter")
    adapter.add("blk.3.ssm_in.weight.lora_a", [2560, 16], .F16)
    try adapter.write(to: folder.path("lora.gguf"))
    let words = [
      "size-estimate", model, "--vram", "8GiB", "--ram", "16GiB", "-md", model, "--lora",
      folder.path("lora.gguf"), "--lora", folder.path("lora.gguf"), "-ctxcp", "32",
    ]
    let found = try json(Tool.run(words + ["--json"]))
    let others = try #require(found["others"] as? [[String: Any]])
    let kinds = others.compactMap { $0["kind"] as? String }
    #expect(
      Set(kinds) == ["draft_weights", "draft_cache", "draft_compute", "lora", "ctx_checkpoints"])
    #expect(kinds.count { $0 == "lora" } == 2)
    let checkpoints = others.first { $0["kind"] as? String == "ctx_checkpoints" }
    #expect(checkpoints?["bytes"] as? Int == 24_903_680 * 32)
    for device in try #require(found["devices"] as? [[String: Any]]) {
      let name = device["device"] as? String
      let bytes = others.filter { $0["device"] as? String == name }
        .compactMap { $0["bytes"] as? Int }.reduce(0, +)
      #expect(device["other_bytes"] as? Int == bytes && bytes > 0)
    }
    let text = try Tool.run(words).output
    #expect(text.contains("Also in memory") && text.contains("checkpoints"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 || $0.contains("/") })
    let server = try run(model, "--vram", "8GiB", "--runtime", "llama.cpp-server").output
      .replacing("\n", with: " ").replacing("  ", with: "")
    #expect(server.contains("up to 32 a sequence of at most 23.75 MiB each"))
    #expect(server.contains("CUDA 107 to 555 MiB"))
  }

  @Test(
    arguments: [
      (["--mmproj", "MODEL"], 1, "expected a projector (mmproj), found a model"),
      (["--lora", "MODEL"], 1, "expected a LoRA adapter, found a model"),
      (["--draft", "none.gguf"], 1, "none.gguf"),
      (["--ctx-checkpoints", "100001"], 64, "--ctx-checkpoints: expected a number from 0"),
      (["--mmproj", "a", "--mmproj", "b"], 64, "--mmproj is given twice"),
      (["--runtime", "ollama-0.5.11", "--ctx-checkpoints", "3"], 64, "expected no --mmproj"),
      (["--plot", "memory.png"], 64, "--plot: expected a name that ends in .svg or .html"),
      (["--plot", "none/memory.svg"], 1, "writing into this folder"),
    ] as [([String], Int32, String)])
  func `what cannot sit beside a model is refused`(
    words: [String], code: Int32, message: String
  ) throws {
    let model = try header("tanuki-8b-Q6_K")
    let words = words.map { $0 == "MODEL" ? model : $0 }
    let outcome = try Tool.run(["size-estimate", model] + words, in: folder.url)
    #expect(outcome.status == code, "\(outcome.errors)")
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
  }

  @Test func `a plot is drawn beside the result`() throws {
    let model = try header("qwen3-30b-a3b-Q4_K_M")
    let path = folder.path("memory.svg")
    let outcome = try run(model, "--vram", "24GiB", "--plot", path)
    #expect(outcome.status == 0 && outcome.output.hasPrefix("Fits"))
    let page = PageElements(try String(contentsOfFile: path, encoding: .utf8))
    #expect(page.isWellFormed)
    let labels = page.ofClass("label").map(\.text)
    #expect(labels.contains("as it is") && labels.contains("Q2_K") && !labels.contains("Q8_0"))
    #expect(page.ofClass("level-name").map(\.text).contains("the card: 24.00 GiB"))
    let whole = folder.path("whole.html")
    #expect(
      try run(header("llama33-70b-f16"), "--vram", "4GiB", "--ram", "8GiB", "--plot", whole)
        .status == 2)
    let other = PageElements(try String(contentsOfFile: whole, encoding: .utf8))
    #expect(other.ofClass("label").map(\.text).contains("Q8_0"))
  }

  @Test func `machines are listed with their sources`() throws {
    let outcome = try run("--machines")
    #expect(outcome.status == 0)
    #expect(outcome.output.contains("  rtx4090  ") && outcome.output.contains("ryzen-ddr5"))
    #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
    let list = try #require(json(run("--machines", "--json"))["machines"] as? [[String: Any]])
    #expect(list.allSatisfy { ($0["source"] as? String)?.hasPrefix("https://") == true })
    #expect(list.contains { $0["name"] as? String == "m4-max-128gb" })
  }

  @Test func `a machine is a name, a file or figures`() throws {
    let model = try header("gpt-oss-20b")
    _ = try folder.write(Array("gpu = 1008\ngpu.memory = 24GiB\n".utf8), "my.machine")
    let speeds = try ["rtx4090", folder.path("my.machine"), "gpu=1008"].map { machine in
      let found = try json(run(model, "--vram", "24GiB", "--machine", machine, "--json"))
      return try #require((found["speed"] as? [String: Any])?["tokens_per_second"] as? Double)
    }
    #expect(Set(speeds).count == 1 && speeds[0] > 100)
    let wrong = try run(model, "--machine", "rtx-4090x")
    #expect(wrong.errors.contains("(did you mean rtx4090?)"))
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
    (["-ngl", "all"], ["-ngl", "49"]), (["-ngl", "auto"], ["-ngl", "-1"]),
    (["--cpu-moe"], ["-ncmoe", "48"]),
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

  @Test func `each backend has rules of its own`() throws {
    let model = try header("qwen3-30b-a3b-Q4_K_M")
    func compute(_ words: String...) throws -> Int {
      let all = ["size-estimate", model, "--vram", "40GiB", "--json"] + words
      let devices = try json(Tool.run(all))["devices"] as? [[String: Any]]
      return try #require(devices?.first?["compute_bytes"] as? Int)
    }
    let fused = try compute()
    #expect(try compute("--backend", "cuda") == fused)
    #expect(try compute("--no-fusion") < fused)
    #expect(try compute("--backend", "rocm") == fused)
    #expect(try compute("--backend", "metal") > fused)
    #expect(try compute("--backend", "vulkan") < fused)
  }

  @Test func `what was compared with no run says so`() throws {
    let model = try header("qwen3-30b-a3b-Q4_K_M")
    let note = "What Vulkan needs follows its source; it was compared with no run."
    #expect(try run(model, "--vram", "40GiB", "--backend", "vulkan").output.contains(note))
    #expect(try !run(model, "--vram", "40GiB").output.contains("compared"))
    let facts = try json(run(model, "--backend", "metal", "--no-fusion", "--json"))
    #expect(facts["backend"] as? String == "metal")
    #expect(facts["backend_compared"] as? Bool == false)
    #expect(facts["fusion"] as? Bool == false)
  }

  @Test func `without a GPU all is in host memory`() throws {
    let model = try header("tanuki-8b-Q6_K")
    let wrong = try run(model, "--backend", "cpu", "--vram", "16GiB")
    #expect(wrong.status == 64)
    #expect(wrong.errors.contains("--backend cpu has no GPU: expected no --vram, found \"16GiB\""))
    let tower = try folder.write(Array("gpu.memory = 16GiB\n".utf8), "tower")
    let words = ["--machine", tower]
    let found = try json(
      Tool.run(["size-estimate", model, "--backend", "cpu", "--json"] + words))
    #expect((found["devices"] as? [[String: Any]])?.count == 1)
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
    (["--vram", "16GiB", "--ngl=-3"], "--ngl: expected a number from 0"),
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
