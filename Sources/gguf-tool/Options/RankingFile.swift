// SPDX-License-Identifier: MIT
import GGUF
import Quant

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Files that say what experts are worth.
enum RankingFile {
  /// What `perplexity --router-stats --json` prints, as far as it matters here.
  private struct Perplexity: Decodable {
    struct Router: Decodable {
      let layers: [Layer]
    }
    struct Layer: Decodable {
      let layer: Int
      let counts: [Int]
      let meanWeights: [Double]
    }
    let router: Router?
  }

  /// Reads a ranking.
  ///
  /// Throws `QuantError` if the file has none, or numbers that cannot be used.
  static func read(_ path: String, for source: any ModelSource) throws -> ExpertRanking {
    if try Sensitivity.isKind(path) {
      let sensitivity = try Sensitivity.read(path)
      try sensitivity.check(source)
      return try ExpertRanking(sensitivity, file: path)
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let text = try TextFile.read(path)
    guard let report = try? decoder.decode(Perplexity.self, from: Data(text.utf8)),
      let router = report.router
    else {
      throw QuantError.content(
        file: path, line: 0,
        what: "expected the output of gguf-tool perplexity --router-stats --json, with counts and"
          + " mean_weights of each layer, or a file written by sensitivity")
    }
    return try ExpertRanking(
      routers: router.layers.map { ($0.layer, $0.counts, $0.meanWeights) }, file: path)
  }
}
