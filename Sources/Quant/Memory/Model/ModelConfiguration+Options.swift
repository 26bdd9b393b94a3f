// SPDX-License-Identifier: MIT
public import QuantModels

extension ModelConfiguration {
  private static var numbers: [(name: String, path: WritableKeyPath<Self, Int>)] {
    [
      ("layers", \.layers), ("embedding", \.embedding), ("feed-forward", \.feedForward),
      ("heads", \.heads), ("kv-heads", \.keyValueHeads), ("head-size", \.headSize),
      ("vocabulary", \.vocabulary), ("context", \.context), ("sliding-window", \.slidingWindow),
      ("experts", \.experts), ("used", \.usedExperts), ("expert-feed-forward", \.expertFeedForward),
      ("shared", \.sharedExperts), ("shared-feed-forward", \.sharedFeedForward),
      ("dense-layers", \.denseLayers), ("expert-step", \.expertStep), ("query-rank", \.queryRank),
      ("latent-rank", \.latentRank), ("plain-head-size", \.plainHeadSize),
      ("rotary-head-size", \.rotaryHeadSize), ("value-head-size", \.valueHeadSize),
    ]
  }

  private static var flags: [(name: String, path: WritableKeyPath<Self, Bool>)] {
    [
      ("tied", \.isTied), ("gate", \.isGated), ("positions", \.hasPositions),
      ("qk-norm", \.normsQueries), ("bias", \.hasBias),
    ]
  }

  /// The names that `shape` takes, for help.
  public static var names: String {
    (["architecture"] + numbers.map(\.name) + flags.map(\.name)).joined(separator: ", ")
  }

  /// Reads `layers=6,embedding=512,heads=8,…`.
  ///
  /// What is not said: as many key and value heads as heads, a context of 4,096 tokens, an output of its
  /// own, a gate; one expert used where there are experts.
  ///
  /// - Parameters:
  ///   - text: Pairs set apart by commas.
  ///   - option: The option's name, for errors.
  /// - Throws: `QuantError.content` naming the first pair that cannot be understood.
  public init(shape text: String, option: String) throws(QuantError) {
    self.init()
    var known: Set<String> = []
    for pair in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = pair.split(separator: "=", maxSplits: 1).map { String($0.trimmed) }
      guard parts.count == 2 else {
        throw .content(file: option, line: 0, what: "expected name=value, found \"\(pair)\"")
      }
      guard known.insert(parts[0]).inserted else {
        throw .content(file: option, line: 0, what: "\"\(parts[0])\" appears twice")
      }
      try set(parts[0], parts[1], option)
    }
    if !known.contains("kv-heads") { keyValueHeads = heads }
    if experts > 0 && !known.contains("used") { usedExperts = 1 }
    // Without a gate it is no Llama, and how it computes is not known.
    if !isGated && !known.contains("architecture") { architecture = "shape" }
  }

  private mutating func set(
    _ name: String, _ value: String, _ option: String
  ) throws(QuantError) {
    if name == "architecture" {
      architecture = value
    } else if let number = Self.numbers.first(where: { $0.name == name }) {
      guard let found = Int(value), found >= 0, found < 1 << 31 else {
        throw .content(
          file: option, line: 0, what: "\(name): expected a whole number, found \"\(value)\"")
      }
      self[keyPath: number.path] = found
    } else if let flag = Self.flags.first(where: { $0.name == name }) {
      guard ["yes", "no"].contains(value) else {
        throw .content(
          file: option, line: 0, what: "\(name): expected yes or no, found \"\(value)\"")
      }
      self[keyPath: flag.path] = value == "yes"
    } else {
      throw .content(
        file: option, line: 0, what: "there is no \"\(name)\"; names are \(Self.names)")
    }
  }
}
