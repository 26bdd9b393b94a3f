// SPDX-License-Identifier: MIT
internal import GGUF
public import QuantModels
public import QuantPlanning

/// What `imatrix` gathered over one text, whole or in part.
public struct TextImportance: Sendable {
  /// The text's files.
  public let datasets: [String]
  /// How much of it there is.
  public let counts: WindowCounts
  /// The windows that were run.
  public let range: Range<Int>
  /// What was gathered.
  package let sums: ImportanceSums

  /// Makes one of its parts.
  package init(
    datasets: [String], counts: WindowCounts, range: Range<Int>, sums: ImportanceSums
  ) {
    self.datasets = datasets
    self.counts = counts
    self.range = range
    self.sums = sums
  }
}

/// What `imatrix` gathered, whole or in part: exact sums, which are the same however texts are divided.
public struct GatheredImportance: Sendable {
  /// The model's file.
  public let model: String
  /// The texts.
  public let texts: [TextImportance]

  /// Makes one of its parts.
  public init(model: String, texts: [TextImportance]) {
    self.model = model
    self.texts = texts
  }

  /// The matrix of all texts.
  ///
  /// - Throws: `QuantError.content` if something is not finite: the model computes nonsense.
  public func matrix() throws(QuantError) -> ImportanceMatrix {
    var matrix: ImportanceMatrix?
    for text in texts {
      let own = try text.sums.matrix(
        datasets: text.datasets, windowCount: text.counts.windows, windowLength: text.counts.length)
      matrix = try matrix?.merging(own) ?? own
    }
    guard let matrix else { throw .content(file: model, line: 0, what: "there is no text") }
    return matrix
  }
}

// MARK: Files

extension GatheredImportance {
  /// The result as JSON says it.
  private struct Kept: Codable {
    struct Text: Codable {
      let datasets: [String]
      let counts: WindowCounts
      let first: Int
      let end: Int
      let tensors: [Tensor]
    }
    struct Tensor: Codable {
      let name: String
      let columns: Int
      let counts: [Int]
    }
    let model: String
    let texts: [Text]
  }

  /// Writes what was gathered as a part of a job.
  ///
  /// Throws `QuantError.file` if it cannot be written.
  public func write(_ part: JobPart, of job: PartJob, to path: String) throws(QuantError) {
    let kept = Kept(
      model: model,
      texts: texts.map { text in
        Kept.Text(
          datasets: text.datasets, counts: text.counts, first: text.range.lowerBound,
          end: text.range.upperBound,
          tensors: text.sums.names.compactMap { name in
            text.sums.tensors[name].map {
              Kept.Tensor(name: name, columns: $0.columns, counts: $0.counts)
            }
          })
      })
    let numbers = texts.enumerated().flatMap { index, text in
      text.sums.names.enumerated().compactMap { place, name in
        text.sums.tensors[name].map { sums in
          PartNumbers(name: Self.name(index, place), type: .I64, count: 2 * sums.count) { word in
            let words = sums[word / 2].words
            return word % 2 == 0 ? words.low : words.high
          }
        }
      }
    }
    try PartFile.write(to: path, part, of: job, kept, numbers)
  }

  private static func name(_ text: Int, _ tensor: Int) -> String { "sums.\(text).\(tensor)" }

  /// Puts parts together to what a single run gathers, to the last bit where all machines round alike.
  ///
  /// - Parameter parts: The parts, of this kind.
  /// - Throws: `QuantError` for a part that does not hold together.
  /// - Complexity: Memory for the sums of one part, beside those of the result.
  public init(merging parts: PartSet) throws(QuantError) {
    var whole: Self?
    for file in parts.files {
      let part = try Self(reading: file)
      whole = try whole?.adding(part, file) ?? part
    }
    guard let whole else { throw .unsupported("there are no partial results") }
    self = whole
  }

  private func adding(_ other: Self, _ file: PartFile) throws(QuantError) -> Self {
    guard other.texts.count == texts.count else { throw file.broken }
    var sum: [TextImportance] = []
    for (text, more) in zip(texts, other.texts) {
      var tensors = text.sums.tensors
      for (name, sums) in more.sums.tensors {
        guard let own = tensors[name] else {
          tensors[name] = sums
          continue
        }
        guard own.columns == sums.columns, own.counts.count == sums.counts.count else {
          throw file.broken
        }
        own.add(sums)
      }
      sum.append(
        TextImportance(
          datasets: text.datasets, counts: text.counts, range: 0..<text.counts.windows,
          sums: ImportanceSums(tensors: tensors)))
    }
    return Self(model: model, texts: sum)
  }

  private init(reading file: PartFile) throws(QuantError) {
    let kept = try file.result(Kept.self)
    guard file.job.kind == .imatrix else { throw file.broken }
    var texts: [TextImportance] = []
    for (index, text) in kept.texts.enumerated() {
      texts.append(try Self.text(text, index, file))
    }
    self.init(model: kept.model, texts: texts)
  }

  private static func text(
    _ kept: Kept.Text, _ index: Int, _ file: PartFile
  ) throws(QuantError) -> TextImportance {
    let range = file.part.range(of: max(0, kept.counts.windows))
    guard kept.counts.isSound, kept.first == range.lowerBound, kept.end == range.upperBound else {
      throw file.broken
    }
    var tensors: [String: ColumnSums] = [:]
    for (place, tensor) in kept.tensors.enumerated() {
      let words = try file.words(name(index, place), .I64)
      guard tensor.columns > 0, !tensor.counts.isEmpty, words.count % 2 == 0,
        words.count / 2 % tensor.columns == 0,
        words.count / 2 / tensor.columns == tensor.counts.count,
        tensor.counts.allSatisfy({ (0...1 << 40).contains($0) })
      else { throw file.broken }
      tensors[tensor.name] = ColumnSums(
        columns: tensor.columns, counts: tensor.counts,
        sums: stride(from: 0, to: words.count, by: 2).map {
          ExactSum(low: words[$0], high: words[$0 + 1])
        })
    }
    return TextImportance(
      datasets: kept.datasets, counts: kept.counts, range: range,
      sums: ImportanceSums(tensors: tensors))
  }
}
