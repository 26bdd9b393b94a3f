// SPDX-License-Identifier: MIT
public import QuantEvaluation
public import QuantModels

/// Some points of a frontier, measured on one machine, and what is picked from all of them.
public struct FrontierPart: Codable {
  /// The frontier as far as it was measured.
  public let frontier: Frontier
  /// The places of its points in the grid.
  let members: [Int]
  /// Points of the grid.
  public let total: Int
  /// What to pick by.
  let policy: FrontierPolicy
  /// What the pick must keep to.
  let limits: FrontierLimits

  /// Takes what a part of a sweep measured.
  ///
  /// - Parameters:
  ///   - frontier: What was measured.
  ///   - part: Which part it is.
  ///   - total: Points of the grid.
  ///   - policy: What to pick by in the end.
  ///   - limits: What the pick must keep to.
  public init(
    _ frontier: Frontier, _ part: JobPart, of total: Int, _ policy: FrontierPolicy,
    _ limits: FrontierLimits
  ) {
    self.frontier = frontier
    members = part.members(of: total)
    self.total = total
    self.policy = policy
    self.limits = limits
  }

  /// Writes it as a part of a job.
  ///
  /// Throws `QuantError.file` if it cannot be written.
  public func write(_ part: JobPart, of job: PartJob, to path: String) throws(QuantError) {
    try PartFile.write(to: path, part, of: job, self)
  }
}

extension Frontier {
  /// Puts parts together: all points in the order of the grid, the front marked and the point picked
  /// as a single run does it.
  ///
  /// - Parameter parts: The parts, of this kind.
  /// - Throws: `QuantError` for a part that does not hold together.
  public init(merging parts: PartSet) throws(QuantError) {
    var points: [Int: Point] = [:]
    var all: [FrontierPart] = []
    for file in parts.files {
      let part = try file.result(FrontierPart.self)
      guard file.job.kind == .frontier, (0...1 << 20).contains(part.total),
        part.members == file.part.members(of: part.total),
        part.members.count == part.frontier.points.count,
        part.total == all.first?.total ?? part.total, part.frontier.isSound
      else { throw file.broken }
      for (place, point) in zip(part.members, part.frontier.points) { points[place] = point }
      all.append(part)
    }
    // Parts without points did not run the model itself.
    let first = all.first { !$0.members.isEmpty } ?? all[0]
    self.init(
      model: first.frontier.model, name: first.frontier.name,
      importance: first.frontier.importance, modelBytes: first.frontier.modelBytes,
      base: first.frontier.base, machine: first.frontier.machine,
      speedBasis: first.frontier.speedBasis, expertLayers: first.frontier.expertLayers,
      points: points.sorted { $0.key < $1.key }.map(\.value))
    markFront()
    choose(first.policy, first.limits)
  }

  /// Whether figures of a file can be shown.
  private var isSound: Bool {
    modelBytes >= 0
      && points.allSatisfy { point in
        point.sizeBytes >= 0 && point.expertBits.count <= expertLayers.count
          && (point.quantizedExperts ?? 0) >= 0
      }
  }
}
