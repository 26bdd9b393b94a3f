// SPDX-License-Identifier: MIT
import ArgumentParser
import Foundation
import GGUF
import TestSupport
import Testing
import gguf_tool

@Suite("Words of the command line") struct CommandLineTests {
  private func words(_ line: String) throws -> String {
    try CommandLineWords.parsed(line.split(separator: " ").map(String.init), by: GGUFTool.self)
      .joined(separator: " ")
  }

  @Test(arguments: [
    (
      "size-estimate m -ctk q8_0 -ctv=q4_0",
      "size-estimate m --cache-type-k q8_0 --cache-type-v=q4_0"
    ),
    (
      "size-estimate m -ngl 3 -ts 3,1 -np 2 -kvu -ub 64 -b 64",
      "size-estimate m --gpu-layers 3 --tensor-split 3,1 --parallel 2 --kv-unified"
        + " --ubatch-size 64 --batch-size 64"
    ),
    ("size-estimate --json -m x -c 8", "size-estimate x --json -c 8"),
    ("perplexity -m x -f a b -t 2", "perplexity x -f a b -t 2"),
    ("inspect -m x --key a --key b", "inspect x --key a --key b"),
    ("tokenize -m x -f text", "tokenize x text"), ("tokenize x -p text", "tokenize x -p text"),
    ("requantize -m in out --type Q8_0", "requantize in out --type Q8_0"),
    ("size-estimate m --margin -1GiB", "size-estimate m --margin=-1GiB"),
    ("verify m --check -", "verify m --check -"), ("inspect -- -m -ctk", "inspect -- -m -ctk"),
    ("inspect x --json --json", "inspect x --json --json"), ("inspect -h", "inspect -h"),
    (
      "requantize a b --tensor-type x=Q8_0 --tensor-type y=Q4_0",
      "requantize a b --tensor-type x=Q8_0 --tensor-type y=Q4_0"
    ),
    ("--version", "--version"), ("help inspect", "help inspect"), ("", ""),
  ])
  func `are put in the parser's`(line: String, expected: String) throws {
    #expect(try words(line) == expected)
  }

  @Test(arguments: [
    ("inspct m", "there is no command \"inspct\" (did you mean inspect?)"),
    ("quantize m", "(did you mean requantize?); commands are inspect, verify"),
    ("split --merge a b", "split has no option --merge (merge is a command of its own)"),
    ("perplexity m -ctk q8_0", "perplexity has no option -ctk (--cache-type-k)"),
    (
      "inspect m --jsn", "inspect has no option --jsn (did you mean --json?); options are --summary"
    ),
    ("size-estimate m --ctxsize 4", "(did you mean --ctx-size?)"),
    ("size-estimate m -c8192", "size-estimate has no option -c8192"),
    ("size-estimate m -c 1 --ctx 2", "--ctx is given twice"),
    ("inspect -m a -m b", "-m is given twice"), ("inspect -m", "-m: expected a value"),
    ("tokenize m --text=a --prompt b", "--text is given twice"),
  ])
  func `are refused with what is near`(line: String, sentence: String) throws {
    let error = #expect(throws: WrongArguments.self) { try words(line) }
    #expect(error?.description.contains(sentence) == true, "\(error?.description ?? "")")
  }

  @Test func `every option of every command is known by all its names`() throws {
    for command in GGUFTool.configuration.subcommands {
      let help = GGUFTool.helpMessage(for: command)
      for match in help.matches(of: #/\n  (-[-a-z]+(?:, -[-a-z]+)*)/#) {
        for name in match.1.split(separator: ", ") {
          let line = [command._commandName, String(name)]
          #expect(try CommandLineWords.parsed(line, by: GGUFTool.self).count == 2, "\(line)")
        }
      }
    }
  }

  @Test(arguments: [
    (["requantize", "m", "o", "--type", "q4km"], "(did you mean Q4_K_M?); presets are"),
    (["requantize", "m", "o", "--type", "fp16"], "(did you mean F16?)"),
    (["requantize", "m", "o", "--type", "F16", "--tensor-type", "a=fp16"], "(did you mean F16?)"),
    (
      ["requantize", "m", "o", "--type", "F16", "--output-tensor-type", "q6k"],
      "(did you mean Q6_K?)"
    ),
    (["size-estimate", "m", "--type", "q5ks"], "(did you mean Q5_K_S?)"),
    (["plan", "m", "--target-bpw", "4", "--types", "q4k"], "(did you mean Q4_K?)"),
    (["plan", "m", "--target-bpw", "4", "--min-type", "x=q9"], "there is no type \"q9\""),
    (["size-estimate", "m", "-c", "0x10"], "expected a number of tokens"),
    (["size-estimate", "m", "-b", "0"], "--batch: expected"), (["inspct", "m"], "inspect"),
    (["inspect", "m", "--jsn"], "--json"), (["inspect"], "<file>"),
    (["requantize", "m", "o", "--type", "F16", "--prune-layers", "9"], "--prune-layers: expected"),
    (["requantize", "m", "o", "--type", "F16", "--override-kv", "x"], "--override-kv: expected"),
    (["size-estimate", "config.json"], "expected --config before a config.json"),
    (
      [
        "requantize", "s-00001-of-00003.gguf", "s-00002-of-00003.gguf", "s-00003-of-00003.gguf",
        "o", "--type", "F16",
      ],
      "expected one shard of the model, s-00001-of-00003.gguf, which stands for all of them"
    ),
    (["size-estimate", "m", "-m", "m"], "expected the model once, alone or after -m"),
    (["requantize", "m", "o", "Q4_K_M"], "Expected --type, as in --type Q4_K_M"),
    (["size-estimate", "m", "Q4_K_M"], "'Q4_K_M': expected --type Q4_K_M"),
    (["verify", "m", "n", "o"], "'n', 'o': expected <model> and options"),
  ])
  func `that are wrong exit with 64 and a word of help`(words: [String], message: String) throws {
    let folder = try TemporaryFolder()
    try TinyLlama().file().write(to: folder.path("m"))
    let outcome = try Tool.run(words, in: folder.url)
    #expect(outcome.status == 64 && outcome.output.isEmpty, "\(words) \(outcome)")
    #expect(outcome.errors.contains(message), "\(outcome.errors)")
    #expect(outcome.errors.contains("--help"), "\(outcome.errors)")
    #expect(try folder.names(besides: ["m"]).isEmpty)
  }
}
