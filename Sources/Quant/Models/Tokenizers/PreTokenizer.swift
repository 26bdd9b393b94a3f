// SPDX-License-Identifier: MIT

/// How one family of models cuts text into words before byte pairs are merged within each.
///
/// The rules are those of llama.cpp, which in places are simpler than the models' own: letters of
/// different cases are told apart in ASCII only, and `gpt-4o` has no marks. See Docs/Tokenizers.md.
package struct PreTokenizer: Sendable {
  /// One cut; each works on the pieces that the one before it left.
  enum Split: Sendable {
    /// Matches of a pattern, and what lies between them.
    case pattern(String)
    /// White space at the end of the piece.
    case trailingSpace
    /// Runs of ASCII digits in threes, counted from the right.
    case threes
    /// Runs of digits of all scripts in threes, counted from the right; the text before a run stays
    /// together with the first of them, to be cut by the patterns that follow.
    case threesWithText
  }

  /// The values of `tokenizer.ggml.pre` that choose it.
  let names: [String]
  /// The cuts, in order.
  let splits: [Split]
  /// Whether a word that is a token is taken whole, whatever the merges would make of it.
  var ignoresMerges = false
  /// Whether texts begin with `bos` where the metadata does not say.
  var addsBOS = false
  /// Whether spaces are written `▁` and bytes `<0xNN>`, instead of GPT-2's letters for bytes.
  var isSpaced = false
  /// Whether it is Gemma's: a run of line ends that is a token is taken whole, and texts begin with
  /// `bos` whatever the metadata says.
  var isGemma = false

  /// The pre-tokenizer of a name.
  static func named(_ name: String) -> PreTokenizer? { all.first { $0.names.contains(name) } }

  /// The words that a text is cut into, or `nil` if there is no pre-tokenizer of the name.
  package static func words(of text: String, by name: String) -> [String]? {
    guard let rules = named(name) else { return nil }
    let classified = ClassifiedText(Array(text.utf8))
    var words: [String] = []
    TextSplitter(rules.splits).forEachWord(of: classified, in: classified.bytes.indices) { word in
      words.append(String(decoding: classified.bytes[word], as: UTF8.self))
      return true
    }
    return words
  }

  /// All names, in alphabetical order.
  static var names: [String] { all.flatMap(\.names).sorted() }

  private init(_ names: String, _ splits: Split..., change: (inout PreTokenizer) -> Void = { _ in })
  {
    self.names = names.split(separator: " ").map(String.init)
    self.splits = splits
    change(&self)
  }
}

/// The table: a line for each family.
extension PreTokenizer {
  static let all: [PreTokenizer] = [
    PreTokenizer(
      "default", .pattern(#"[\p{P}\$\+<=>\^~\|]+"#), gpt2, .pattern(#"\p{N}+"#),
      .pattern(threeDigits)),
    PreTokenizer(
      "gpt-2 phi-2 jina-es jina-de jina-v2-es jina-v2-de gigachat a.x-4.0 mellum modern-bert"
        + " jina-v1-en jina-v2-code roberta-bpe exaone4 mpt olmo jais trillion granite-docling",
      gpt2),
    PreTokenizer(
      "starcoder refact command-r smollm codeshell exaone minerva-7b mellum2",
      .pattern(#"\p{N}"#), gpt2),
    PreTokenizer(
      "llama3 llama-v3 llama-bpe falcon3 falcon-h1 pixtral midm-2.0 lfm2 jina-v5-nano",
      words(digits: "{1,3}")
    ) {
      $0.ignoresMerges = true
      $0.addsBOS = true
    },
    PreTokenizer("dbrx smaug-bpe glm4 chatglm-bpe", words(digits: "{1,3}")),
    PreTokenizer(
      "qwen2 deepseek-r1-qwen kormo f2llmv2 megrez stablelm2 hunyuan solar-open grok-2",
      words(digits: "")),
    PreTokenizer(
      "qwen35", words(letters: #"[\p{L}\p{M}]+"#, others: #"[^\s\p{L}\p{M}\p{N}]+[\r\n]*"#)),
    PreTokenizer("minicpm5", .pattern(#"\p{N}{1,3}"#), words(digits: "+")) {
      $0.ignoresMerges = true
    },
    PreTokenizer("seed-coder", words(others: #"[^\s\p{L}\p{N}\r\n]+"#)),
    PreTokenizer("ufakzeka", words(contractions: nil)),
    PreTokenizer("laguna", lines, words(digits: "")),
    PreTokenizer(
      "bailingmoe bailingmoe2 llada-moe",
      words(
        contractions: "'[sSdDmMtT]|'[lL][lL]|'[vV][eE]|'[rR][eE]", spaces: #"\s*[\r\n]|"# + spaces)),
    PreTokenizer(
      "exaone-moe",
      words(
        letters: #"\p{L}(?:[\p{L}\p{M}]| \p{L})*"#, others: #"[^\s\p{L}\p{N}]+[\r\n/]?"#,
        spaces: #"\s*[\r\n]|"# + spaces)),
    PreTokenizer(
      "jais-2",
      words(
        digits: "{1,3}",
        // Without a bound, every 512 spaces would look through all the spaces that follow.
        spaces: #"\s{0,65536}[\r\n]+|"#
          + ["512", "256", "128", "64", "32", "16", "8", "4", "1,2"]
          .map { #"\s{\#($0)}(?!\S)|"# }.joined() + #"\s"#)),
    PreTokenizer(
      "gpt-4o llama4 kanana2 talkie minimax-m2",
      .pattern(cased(#"\p{L}"#, #"\p{N}{1,3}"#, contractions: true))),
    PreTokenizer(
      "granite-embed-multi-97m",
      .pattern(cased(#"\p{L}\p{M}"#, #"\p{N}{1,3}"#, contractions: true))
    ) { $0.ignoresMerges = true },
    PreTokenizer("tekken", .pattern(cased(#"\p{L}"#, #"\p{N}"#, contractions: false))) {
      $0.ignoresMerges = true
      $0.addsBOS = true
    },
    PreTokenizer("tiny_aya cohere2moe", .threesWithText, marked(digits: "{1,3}")),
    PreTokenizer(
      "youtu",
      .pattern("[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+"), marked(digits: "")
    ) { $0.ignoresMerges = true },
    PreTokenizer(
      "kimi-k2",
      .pattern(
        "\(han)+|" + #"[^\r\n\p{L}\p{N}]?[\p{L}--"# + han + "]+(?:" + anyCase + ")?|"
          + #"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|"# + spaces)),
    PreTokenizer(
      "deepseek-llm", .pattern(#"[\r\n]"#), .pattern(#"\s?"# + deepSeekLetters + "+"),
      .pattern(#"\s?[!-/:-~！-／：-～‘-‟　-。]+"#), .trailingSpace,
      .pattern("[一-龥ࠀ-一가-퟿]+"), .pattern(#"\p{N}+"#)),
    PreTokenizer(
      "deepseek-coder", .pattern(#"[\r\n]"#), .pattern(#"\s?\p{L}+"#), .pattern(#"\s?\p{P}+"#),
      .pattern("[一-龥ࠀ-一가-퟿]+"), .pattern(#"\p{N}"#)),
    PreTokenizer(
      "deepseek-v3 hunyuan-dense hy_v4 joyai-llm", .pattern(#"\p{N}{1,3}"#), kana,
      .pattern(joined + #" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|"# + spaces)),
    PreTokenizer(
      "spark2_5", .pattern(#"\p{N}{1,3}"#), kana,
      .pattern(joined + #" ?[\p{P}\p{S}]+|[\r\n]|"# + spaces), .pattern(#"\p{N}"#)),
    PreTokenizer(
      "afmoe", .threesWithText,
      .pattern("[一-鿿㐀-䶿豈-﫿぀-ゟ゠-ヿ･-ﾟ⼀-⿟เ-๿຀-໿ក-៿က-႟ꩠ-ꩿꧠ-꧿가-힯ᄀ-ᇿ]+"),
      .pattern(joined + #" ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|"# + spaces)),
    PreTokenizer(
      "falcon", .pattern(#"[\p{P}\$\+<=>\^~\|`]+"#), gpt2, .pattern(threeDigits)),
    PreTokenizer("poro-chat bloom gpt3-finnish", clauses),
    PreTokenizer("viking", clauses, .pattern(#"\p{N}"#)),
    PreTokenizer("superbpe", .pattern(#"\p{N}+"#), .threes),
    PreTokenizer(
      "chameleon", .pattern("<sentinel:[0-9]+>"), .pattern("IMGIMG[A-I]{1,4}Z"),
      .pattern(#"[\t\n]|    |  "#), .pattern(#"\p{N}"#), .pattern(#"[\p{P}!-/:-@\[-`{-~]"#), gpt2
    ) { $0.addsBOS = true },
    PreTokenizer("gemma4 granite-embed-multi-311m", lines) {
      $0.isSpaced = true
      $0.isGemma = true
    },
    PreTokenizer("sarvam-moe", lines) { $0.isSpaced = true },
  ]
}

/// Parts that patterns of several families are made of.
extension PreTokenizer {
  /// GPT-2's words. Single white space before a word is left between matches, and so a piece too.
  private static let gpt2 = Split.pattern(
    #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"#)
  private static let anyCase = "'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD]"
  private static let spaces = #"\s+(?!\S)|\s+"#
  private static let lines = Split.pattern(#"[^\n]+|[\n]+"#)
  private static let threeDigits = "[0-9][0-9][0-9]"
  private static let kana = Split.pattern("[一-龥぀-ゟ゠-ヿ]+")
  private static let clauses = Split.pattern(#" ?[^(\s|.,!?…。，、।۔،)]+"#)
  /// Words with the ASCII punctuation before them, as DeepSeek-V3 has them.
  private static let joined =
    #"[!-/:-@\[-`{-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|"#
  /// Han characters as llama.cpp knows them.
  private static let han = """
    [\u{3400}-\u{4DBF}\u{4E00}-\u{9FFF}\u{F900}-\u{FAFF}\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\
    \u{2B740}-\u{2B81F}\u{2B820}-\u{2CEAF}\u{2CEB0}-\u{2EBEF}\u{2F800}-\u{2FA1F}]
    """
  /// Letters that have cases, by DeepSeek's own list.
  private static let deepSeekLetters = """
    [A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u{1F7D}ᾀ-ᾴᾶ-ᾼ\u{1FBE}ῂ-ῄ\
    ῆ-ῌῐ-\u{1FD3}ῖ-\u{1FDB}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ\u{2126}ℨ\u{212A}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲\
    𑢠-𑣟𞤀-𞥃]
    """

  /// Llama 3's words, with what families change of them.
  private static func words(
    digits: String = "", contractions: String? = anyCase, letters: String = #"\p{L}+"#,
    others: String = #"[^\s\p{L}\p{N}]+[\r\n]*"#, spaces: String = #"\s*[\r\n]+|"# + spaces
  ) -> Split {
    .pattern(
      (contractions.map { $0 + "|" } ?? "") + #"[^\r\n\p{L}\p{N}]?"# + letters + #"|\p{N}"# + digits
        + "| ?" + others + "|" + spaces)
  }

  /// GPT-4o's words: upper case before lower case, told apart in ASCII.
  private static func cased(_ letters: String, _ digits: String, contractions: Bool) -> String {
    let (upper, lower) = ("[\(letters)--[a-z]]", "[\(letters)--[A-Z]]")
    let end = contractions ? "(?:" + anyCase + ")?" : ""
    return #"[^\r\n\p{L}\p{N}]?"# + upper + "*" + lower + "+" + end
      + #"|[^\r\n\p{L}\p{N}]?"# + upper + "+" + lower + "*" + end + "|" + digits
      + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|"# + spaces
  }

  /// Words with their marks and contractions.
  private static func marked(digits: String) -> Split {
    .pattern(
      #"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+(?:"# + anyCase + #")?|\p{N}"# + digits
        + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|"# + spaces)
  }
}
