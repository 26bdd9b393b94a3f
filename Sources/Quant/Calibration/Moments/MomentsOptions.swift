// SPDX-License-Identifier: MIT
public import QuantModels

/// How second moments are gathered.
public struct MomentsOptions: Sendable {
  /// The most rows of held-out windows that are kept of an input. Every eighth window is held out.
  public var heldOutRows = 1024
  /// Whether the output matrix is gathered for, too, unless it is the embedding.
  public var includesOutput = true
  /// Which part of the windows is run; `nil` for all.
  public var part: JobPart?

  /// The usual ones.
  public init() {}
}
