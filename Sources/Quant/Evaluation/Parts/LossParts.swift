// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels

/// How much text a result is of.
public struct WindowCounts: Sendable, Codable, Equatable {
  /// Windows.
  public let windows: Int
  /// Tokens of each.
  public let length: Int
  /// Tokens of each that count.
  public let counted: Int

  /// Those of a text.
  public init(_ text: EvaluationWindows) {
    windows = text.count
    length = text.length
    counted = text.counted.count
  }

  /// Tokens in all windows.
  public var tokens: Int { windows * length }
  /// Tokens that count, in all windows.
  public var countedTokens: Int { windows * counted }

  /// Whether they can be a file's.
  package var isSound: Bool {
    (0...1 << 32).contains(windows) && (EvaluationWindows.shortest...1 << 28).contains(length)
      && (0..<length).contains(counted)
  }
}

/// What `perplexity` found with one text, whole or in part.
public struct TextLosses: Sendable {
  /// The text's name.
  public let corpus: String
  /// How much of it there is.
  public let counts: WindowCounts
  /// The windows that were run.
  public let range: Range<Int>
  /// What came of them.
  public let report: LossReport
  /// How long that took, on all machines together.
  public let seconds: Double

  /// Makes one of its parts.
  public init(
    corpus: String, counts: WindowCounts, range: Range<Int>, report: LossReport, seconds: Double
  ) {
    self.corpus = corpus
    self.counts = counts
    self.range = range
    self.report = report
    self.seconds = seconds
  }

  /// Tokens that went through the model in a second.
  public var tokensPerSecond: Double {
    Double(range.count * counts.length) / max(seconds, 1e-9)
  }
}

/// What `perplexity` found, whole or in part: every counted token's figures, from which statistics are
/// made in the order of the text, and so in the same way whoever computed them.
public struct Losses: Sendable {
  /// The model's file.
  public let model: String
  /// The protocol.
  public let rules: EvaluationProtocol
  /// How matrices were multiplied.
  public let compute: ComputeMode
  /// The texts.
  public let texts: [TextLosses]
  /// What routers did; `nil` if nobody asked.
  public let router: RouterStatistics?

  /// Makes one of its parts.
  public init(
    model: String, rules: EvaluationProtocol, compute: ComputeMode, texts: [TextLosses],
    router: RouterStatistics?
  ) {
    self.model = model
    self.rules = rules
    self.compute = compute
    self.texts = texts
    self.router = router
  }
}

// MARK: Files

extension Losses {
  /// The result as JSON says it.
  private struct Kept: Codable {
    struct Text: Codable {
      let corpus: String
      let counts: WindowCounts
      let first: Int
      let end: Int
      let seconds: Double
      let comparesWithBase: Bool
    }
    let model: String
    let rules: String
    let compute: String
    let texts: [Text]
    let router: [RouterStatistics.Kept]?
  }

  /// Writes what was found as a part of a job.
  ///
  /// Throws `QuantError.file` if it cannot be written.
  public func write(_ part: JobPart, of job: PartJob, to path: String) throws(QuantError) {
    let kept = Kept(
      model: model, rules: rules.rawValue, compute: compute.rawValue,
      texts: texts.map {
        Kept.Text(
          corpus: $0.corpus, counts: $0.counts, first: $0.range.lowerBound,
          end: $0.range.upperBound, seconds: $0.seconds,
          comparesWithBase: $0.report.divergence != nil)
      }, router: router?.kept)
    let numbers = texts.enumerated().map { index, text in
      PartNumbers(
        name: Self.name(index), type: .F64, count: TokenDivergence.fields * text.report.tokens.count
      ) { place in
        let token = text.report.tokens[place / TokenDivergence.fields]
        return token.numbers[place % TokenDivergence.fields].bitPattern
      }
    }
    try PartFile.write(to: path, part, of: job, kept, numbers)
  }

  private static func name(_ text: Int) -> String { "tokens.\(text)" }

  /// Puts parts together to what a single run finds, to the last bit where all machines round alike;
  /// times are those of all together.
  ///
  /// - Parameter parts: The parts, of this kind.
  /// - Throws: `QuantError` for a part that does not hold together.
  public init(merging parts: PartSet) throws(QuantError) {
    let all = try parts.files.map { file throws(QuantError) in try Self(reading: file) }
    let first = all[0]
    for (found, file) in zip(all, parts.files) where found.texts.count != first.texts.count {
      throw file.broken
    }
    let texts = first.texts.indices.map { index in
      let own = all.map { $0.texts[index] }
      return TextLosses(
        corpus: own[0].corpus, counts: own[0].counts, range: 0..<own[0].counts.windows,
        report: LossReport(
          own.flatMap(\.report.tokens), comparesWithBase: own[0].report.divergence != nil),
        seconds: own.reduce(0) { $0 + $1.seconds })
    }
    var router = first.router
    for (found, file) in zip(all, parts.files).dropFirst() {
      guard let more = found.router else { continue }
      guard router?.isAlike(more) ?? false else { throw file.broken }
      router?.add(more)
    }
    self.init(
      model: first.model, rules: first.rules, compute: first.compute, texts: texts, router: router)
  }

  private init(reading file: PartFile) throws(QuantError) {
    let kept = try file.result(Kept.self)
    guard let rules = EvaluationProtocol(rawValue: kept.rules),
      let compute = ComputeMode(rawValue: kept.compute), file.job.kind == .perplexity
    else { throw file.broken }
    var texts: [TextLosses] = []
    for (index, text) in kept.texts.enumerated() {
      texts.append(try Self.text(text, index, file))
    }
    self.init(
      model: kept.model, rules: rules, compute: compute, texts: texts,
      router: try kept.router.map { kept throws(QuantError) in try RouterStatistics(kept, file) })
  }

  private static func text(
    _ kept: Kept.Text, _ index: Int, _ file: PartFile
  ) throws(QuantError) -> TextLosses {
    let numbers = try file.words(name(index), .F64).map { Double(bitPattern: $0) }
    let range = file.part.range(of: max(0, kept.counts.windows))
    let fields = TokenDivergence.fields
    guard kept.counts.isSound, kept.first == range.lowerBound, kept.end == range.upperBound,
      numbers.count / fields == range.count * kept.counts.counted, numbers.count % fields == 0
    else { throw file.broken }
    let tokens = stride(from: 0, to: numbers.count, by: fields).map {
      TokenDivergence(numbers[$0..<$0 + fields])
    }
    return TextLosses(
      corpus: kept.corpus, counts: kept.counts, range: range,
      report: LossReport(tokens, comparesWithBase: kept.comparesWithBase), seconds: kept.seconds)
  }
}

extension RouterStatistics {
  /// A layer as JSON says it, its sums exact.
  struct Kept: Codable {
    let layer: Int
    let tokens: Int
    let counts: [Int]
    let sums: [ExactSum]
  }

  /// All layers.
  var kept: [Kept] {
    layers.map { Kept(layer: $0.layer, tokens: $0.tokenCount, counts: $0.counts, sums: $0.sums) }
  }

  /// Whether layers that both have are of equally many experts.
  fileprivate func isAlike(_ other: RouterStatistics) -> Bool {
    other.layers.allSatisfy { layer in
      layers.allSatisfy { $0.layer != layer.layer || $0.expertCount == layer.expertCount }
    }
  }

  /// Takes up layers of a file.
  fileprivate init(_ kept: [Kept], _ file: PartFile) throws(QuantError) {
    self.init()
    let experts = kept.map(\.counts.count)
    for (layer, experts) in zip(kept, experts) {
      guard (0..<1 << 16).contains(layer.layer), (0...1 << 40).contains(layer.tokens),
        layer.counts.allSatisfy({ (0...1 << 40).contains($0) }), layer.sums.count == experts,
        !layers.contains(where: { $0.layer == layer.layer })
      else { throw file.broken }
      add(
        Layer(
          layer: layer.layer, tokenCount: layer.tokens, counts: layer.counts, sums: layer.sums))
    }
  }
}
