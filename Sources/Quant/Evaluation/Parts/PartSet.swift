// SPDX-License-Identifier: MIT
public import QuantModels

/// All parts of a job.
public struct PartSet {
  /// The parts in order.
  public let files: [PartFile]

  /// Opens partial results and checks that they are all parts of one job, each once.
  ///
  /// - Parameter paths: The files, in any order.
  /// - Throws: `QuantError.mismatch` or `.content` for parts that do not belong together, are there
  ///   twice or are missing, naming them; `.file` for files that cannot be read.
  public init(_ paths: [String]) throws(QuantError) {
    let all = try paths.map { path throws(QuantError) in try PartFile(path) }
    guard let first = all.first else { throw .unsupported("there are no partial results") }
    var places: [Int: PartFile] = [:]
    for file in all {
      try Self.check(file, with: first)
      if let other = places.updateValue(file, forKey: file.part.number) {
        throw .mismatch(
          file: file.path,
          what: "expected a part other than that of \(other.path), found part \(file.part) in both")
      }
    }
    let missing = (1...first.part.count).filter { places[$0] == nil }
    guard missing.isEmpty else {
      throw .content(
        file: first.path, line: 0,
        what: "expected all \(first.part.count) parts, found \(places.count) of them: "
          + "\(Self.list(missing, of: first.part.count))")
    }
    files = all.sorted { $0.part.number < $1.part.number }
  }

  /// What it is that they are parts of.
  public var job: PartJob { files[0].job }

  /// Whether all machines round alike, so that the result is that of a single run to the last bit.
  public var isExact: Bool { files.allSatisfy { $0.job.arithmetic == job.arithmetic } }

  /// What to say of machines that do not: the first two that differ. `nil` if all round alike.
  public var difference: String? {
    files.first { $0.job.arithmetic != job.arithmetic }.map { other in
      "the parts were computed on machines that round differently (\(files[0].path): "
        + "\(job.arithmetic); \(other.path): \(other.job.arithmetic)): the result is as "
        + "accurate, but not equal to that of a single run to the last bit"
    }
  }

  private static func check(_ file: PartFile, with first: PartFile) throws(QuantError) {
    guard file.job.kind == first.job.kind else {
      throw .mismatch(
        file: file.path,
        what: "expected a part of \(first.job.kind.rawValue), as \(first.path) is, found one "
          + "of \(file.job.kind.rawValue)")
    }
    guard file.part.count == first.part.count else {
      throw .mismatch(
        file: file.path,
        what: "expected one of \(first.part.count) parts, as \(first.path) is, found part "
          + "\(file.part)")
    }
    let (facts, others) = (first.job.facts, file.job.facts)
    for (fact, other) in zip(facts, others) where fact != other {
      let names = fact.name == other.name ? "" : "\(other.name) "
      throw .mismatch(
        file: file.path,
        what: "expected the \(fact.name) \(fact.value), as \(first.path) has, found "
          + "\(names)\(other.value)")
    }
    guard facts.count == others.count else {
      let more = (facts.count > others.count ? facts : others)[min(facts.count, others.count)]
      throw .mismatch(
        file: file.path,
        what: "expected the same job as \(first.path), found a difference: "
          + "\(more.name) \(more.value)")
    }
  }

  private static func list(_ missing: [Int], of count: Int) -> String {
    let named = missing.prefix(8).map { "\($0)/\(count)" }.joined(separator: ", ")
    let more = missing.count > 8 ? " and \(missing.count - 8) more" : ""
    return "\(named)\(more) \(missing.count == 1 ? "is" : "are") missing"
  }
}
